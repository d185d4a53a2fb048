package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/inspect"
)

// weekendApp is closed at weekends in Berlin, and has a target of any kind.
const weekendApp = `
app: shop
components: {web: {site: {}, target: {local: {}}}}
environments:
  - name: dev
  - name: prd
    freeze:
      - {deny: "Fri 16:00 - Mon 08:00", zone: Europe/Berlin, reason: nobody is there}
      - {deny: "2026-11-24 12:00 - 13:00", zone: Europe/Berlin}
`

func anyKinds() config.Kinds {
	kind := func(name string) []config.Kind {
		return []config.Kind{{Name: name, New: func() any { return new(struct{}) }}}
	}
	return config.Kinds{Components: kind("site"), Targets: kind("local")}
}

// calendarAt runs falkirk calendar at a time of the day.
func calendarAt(t *testing.T, now string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(path, []byte(weekendApp), 0o600); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	w := ui.Wiring{Kinds: anyKinds(), Getenv: os.LookupEnv, Now: func() time.Time { return at }}
	w.Inspect = inspect.New(w.Now)
	s := ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	if code := Main(t.Context(), w, s, append([]string{"calendar", "-f", path}, args...)); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

func TestCalendarMarksNow(t *testing.T) {
	t.Parallel()
	got := calendarAt(t, "2026-11-21T12:34:56Z", "--next", "4d")
	want := `dev is always open: it has no freeze windows

prd is closed now: deny "Fri 16:00 - Mon 08:00" in Europe/Berlin (nobody is there); it opens again on Mon 2026-11-23 08:00 CET
     STATE   FROM (Europe/Berlin)             UNTIL                           LENGTH     WHY
now  closed  before Sat 2026-11-21 13:34 CET  Mon 2026-11-23 08:00 CET        1d 18h 26m  deny "Fri 16:00 - Mon 08:00" in Europe/Berlin (nobody is there)
     open    Mon 2026-11-23 08:00 CET         Tue 2026-11-24 12:00 CET        1d 4h       -
     closed  Tue 2026-11-24 12:00 CET         Tue 2026-11-24 13:00 CET        1h          deny "2026-11-24 12:00 - 13:00" in Europe/Berlin
     open    Tue 2026-11-24 13:00 CET         after Wed 2026-11-25 13:34 CET  1d 34m      -
`
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestCalendarEndsWhereAWindowEnds(t *testing.T) {
	t.Parallel()
	got := calendarAt(t, "2026-11-24T10:30:00Z", "prd", "--from", "2026-11-24 12:00", "--next", "1h")
	if strings.Contains(got, "before") || strings.Contains(got, "after") || strings.Contains(got, "now") {
		t.Errorf("the window is shown whole, and now is not in it:\n%s", got)
	}
	got = calendarAt(t, "2026-11-24T11:30:00Z", "prd", "--from", "2026-11-24 12:01", "--next", "58m")
	for _, want := range []string{"before Tue 2026-11-24 12:01", "after Tue 2026-11-24 12:59", "now  closed"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestCalendarInAnotherZoneShowsUTC(t *testing.T) {
	t.Parallel()
	got := calendarAt(t, "2026-11-20T12:00:00Z", "prd", "--zone", "Asia/Kathmandu", "--next", "1d")
	for _, want := range []string{"FROM (Asia/Kathmandu)", "Fri 2026-11-20 20:45 +0545", "2026-11-20 15:00Z", "prd is open now"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

func TestCalendarLengths(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"90m": "2026-10-24T23:30:00Z",
		"1d":  "2026-10-25T23:00:00Z", // a day of 25 hours
		"2w":  "2026-11-07T23:00:00Z",
	} {
		out := calendarAt(t, "2026-11-20T12:00:00Z", "prd", "--from", "2026-10-25", "--next", next, "--output", "json")
		var doc struct {
			Result []struct{ To string }
		}
		if err := json.Unmarshal([]byte(out), &doc); err != nil {
			t.Fatal(err)
		}
		if to := doc.Result[0].To; to != want {
			t.Errorf("--next %s ends at %s, want %s", next, doc.Result[0].To, want)
		}
	}
}
