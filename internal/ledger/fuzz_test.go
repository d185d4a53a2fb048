package ledger_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/schema1/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	for _, s := range []string{"", "{}", "null", "[]", `{"schema":2}`, `{"schema":-1}`, `{"schema":1e99}`, `{"schema":1} {}`, `{"schema":1,"number":1,"event":"opened"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := ledger.Decode(raw)
		if err != nil {
			if !fault.Is(err, fault.Tampered) {
				t.Errorf("the error is of kind %v: %v", fault.KindOf(err), err)
			}
			return
		}
		out, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := ledger.Decode(out)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if out2, err := json.Marshal(again); err != nil || cmp.Diff(string(out), string(out2)) != "" {
			t.Errorf("%s becomes %s, %v", out, out2, err)
		}
	})
}
