package ledger_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

func entryFile(dir string, number string) string {
	return filepath.Join(dir, "ledger/demo/prd", "00000000"+number+".json")
}

func change(t *testing.T, path string, do func([]byte) []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, do(raw), 0o600))
}

func words(from, to string) func([]byte) []byte {
	return func(raw []byte) []byte { return bytes.Replace(raw, []byte(from), []byte(to), 1) }
}

// TestVerifyNamesTheFirstEntryThatIsNotAsItWas tampers with a log of 20 entries.
func TestVerifyNamesTheFirstEntryThatIsNotAsItWas(t *testing.T) {
	t.Parallel()
	rm := func(t *testing.T, paths ...string) {
		t.Helper()
		for _, p := range paths {
			must(t, os.Remove(p))
		}
	}
	tests := []struct {
		name   string
		tamper func(t *testing.T, dir string)
		number int
		what   string
		text   string
	}{
		{"nothing", func(*testing.T, string) {}, 0, "", ""},
		{"an actor", func(t *testing.T, dir string) { t.Helper(); change(t, entryFile(dir, "07"), words("ann@", "bob@")) }, 7, "edited", "by bob@"},
		{"the first", func(t *testing.T, dir string) { t.Helper(); change(t, entryFile(dir, "01"), words("ann@", "bob@")) }, 1, "edited", "by bob@"},
		{"the last", func(t *testing.T, dir string) { t.Helper(); change(t, entryFile(dir, "20"), words("ann@", "bob@")) }, 20, "edited", "head"},
		{"a space", func(t *testing.T, dir string) { t.Helper(); change(t, entryFile(dir, "07"), words(",", ", ")) }, 7, "edited", "0000000008.json was written after"},
		{"no JSON", func(t *testing.T, dir string) { t.Helper(); change(t, entryFile(dir, "07"), words("{", "")) }, 7, "edited", "not a ledger entry"},
		{"a number", func(t *testing.T, dir string) {
			t.Helper()
			change(t, entryFile(dir, "07"), words(`"number":7`, `"number":8`))
		}, 7, "edited", "number 8"},
		{"the hash of the one before", func(t *testing.T, dir string) {
			t.Helper()
			change(t, entryFile(dir, "07"), func(raw []byte) []byte {
				i := bytes.Index(raw, []byte("sha256:")) + len("sha256:")
				raw[i] = map[bool]byte{true: '1', false: '0'}[raw[i] == '0']
				return raw
			})
		}, 7, "edited", "hash of the entry before"},
		{"one is gone", func(t *testing.T, dir string) { t.Helper(); rm(t, entryFile(dir, "07")) }, 7, "removed", "the log goes on to 20"},
		{"the first is gone", func(t *testing.T, dir string) { t.Helper(); rm(t, entryFile(dir, "01")) }, 1, "removed", "the log goes on to 20"},
		{"the last is gone", func(t *testing.T, dir string) { t.Helper(); rm(t, entryFile(dir, "20")) }, 20, "removed", "the head beside the log says that it came to 20"},
		{"the last five are gone", func(t *testing.T, dir string) {
			t.Helper()
			rm(t, entryFile(dir, "16"), entryFile(dir, "17"), entryFile(dir, "18"), entryFile(dir, "19"), entryFile(dir, "20"))
		}, 16, "removed", "came to 20"},
		{"two are swapped", func(t *testing.T, dir string) {
			t.Helper()
			a, b := entryFile(dir, "07"), entryFile(dir, "08")
			must(t, os.Rename(a, a+"x"))
			must(t, os.Rename(b, a))
			must(t, os.Rename(a+"x", b))
		}, 7, "edited", "number 8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			lived(t, in(dir), 4, 1) // five entries each
			tt.tamper(t, dir)
			p, err := in(dir).Verify(t.Context())
			must(t, err)
			if tt.number == 0 {
				if p.Broken != nil || p.Entries != 20 || len(p.Notes) > 0 {
					t.Errorf("%+v, %+v", p, p.Broken)
				}
				return
			}
			b := p.Broken
			if b == nil || b.Number != tt.number || b.What != tt.what || !strings.Contains(b.Text, tt.text) || p.Entries != tt.number-1 {
				t.Errorf("%d proved, broken %+v; want %d %s, %q", p.Entries, b, tt.number, tt.what, tt.text)
			}
			_, readErr := in(dir).Read(t.Context(), delivery.Record{})
			if !fault.Is(readErr, fault.Tampered) {
				t.Errorf("reading it says %v", readErr)
			}
			if _, _, err := in(dir).Begin(t.Context(), operation("next")); err == nil {
				t.Error("an operation begins on a broken log")
			}
		})
	}
}

func TestVerifyNotesWhatDoesNotBelong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lived(t, in(dir), 1, 1)
	must(t, os.WriteFile(filepath.Join(dir, "ledger/demo/prd/.DS_Store"), nil, 0o600))
	must(t, os.WriteFile(headOf(dir), []byte("spoilt"), 0o600))
	p, err := in(dir).Verify(t.Context())
	if err != nil || p.Broken != nil || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], ".DS_Store") {
		t.Errorf("%+v %+v, %v", p, p.Broken, err)
	}
}

func TestALockIsShownAndStolen(t *testing.T) {
	t.Parallel()
	within(t, lockIsShownAndStolen)
}

func lockIsShownAndStolen(t *testing.T, store *cutOff) {
	t.Helper()
	l := at(store, "one", 0)
	if lock, err := l.Steal(t.Context(), "bea", "x"); err != nil || lock.Held {
		t.Errorf("nothing is held, and stealing says %+v, %v", lock, err)
	}
	h, _ := begin(t, l, "long")
	must(t, h.Append(t.Context(), delivery.Entry{Event: delivery.Did, Step: &delivery.Step{Component: "web", Summary: "switch"}}))
	lock, err := at(store, "two", 0).Lock(t.Context())
	if err != nil || !lock.Held || lock.Operation.ID != "long" || lock.Holder.Host != "one" || lock.Dead != "" || !strings.Contains(lock.Doing, "web: switch") {
		t.Errorf("%+v, %v", lock, err)
	}
	was, err := at(store, "two", 0).Steal(t.Context(), "bea", "it hangs")
	if err != nil || was.Operation.ID != "long" {
		t.Errorf("%+v, %v", was, err)
	}
	wantLost(t, checked(t.Context(), h), "it hangs")
	if err := h.Append(t.Context(), did("more")); err == nil {
		t.Error("the former holder still writes")
	}
	next, _ := begin(t, at(store, "two", 0), "next")
	must(t, next.Close(t.Context(), done()))
	_ = h.Close(t.Context(), done())
	wantStory(t, l, "opened long", "did long ", "taken long lost", "opened next", "closed next done")
}

func TestAnEditedSnapshotIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lived(t, in(dir), 40, 2)
	if p, err := in(dir).Verify(t.Context()); err != nil || p.Broken != nil {
		t.Fatalf("%+v, %v", p.Broken, err)
	}
	change(t, snapshotOf(dir), words(`"Promoted":[`, `"Promoted":["6.6.6",`))
	p, err := in(dir).Verify(t.Context())
	if err != nil || p.Broken == nil || !strings.Contains(p.Broken.Key, "ledger-snapshot/demo/prd.json") {
		t.Errorf("%+v, %v", p.Broken, err)
	}
}
