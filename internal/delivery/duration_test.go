package delivery

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDurationReadsAndWritesText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0s": 0, "10s": 10 * time.Second, "5m": 5 * time.Minute, "1h": time.Hour, "1h30m": 90 * time.Minute,
		"1h0m5s": time.Hour + 5*time.Second, "10m": 10 * time.Minute, "20h": 20 * time.Hour, "1.5s": 1500 * time.Millisecond,
	} {
		var d Duration
		if err := json.Unmarshal([]byte(`"`+text+`"`), &d); err != nil || d.Std() != want {
			t.Errorf("%s reads as %v, %v", text, d.Std(), err)
		}
		if raw, err := json.Marshal(d); err != nil || string(raw) != `"`+text+`"` {
			t.Errorf("%v is written as %s, %v", want, raw, err)
		}
	}
}

func TestDurationRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`""`, `"10"`, `"-1s"`, `"soon"`, `10`, `"10 s"`} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s reads as %v", text, d.Std())
		}
	}
}
