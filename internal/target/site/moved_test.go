package site_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/fault"
)

// Another operation may change what is live between the listing and the reading
// of a look, which holds no lock: it looks again, and what it gives is one state.
func TestALookThatIsOvertakenLooksAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes int
		isGone  bool
		want    fault.Kind
	}{
		"once": {changes: 1}, "three times": {changes: 3}, "always": {changes: 1000, want: fault.Conflict}, "gone and back": {changes: 1, isGone: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := twoPacked(t)
			keys := w.keys()
			key := keys[slices.IndexFunc(keys, func(k string) bool { return strings.HasSuffix(k, "/live.json") })]
			text := w.read(key)
			w.observe("1")
			w.write(key, text+" ") // what was read before is not known to be what is there
			changed := 0
			w.wire.breaks(func(r *http.Request) *http.Response {
				isRead := r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/live.json")
				switch {
				case isRead && changed < c.changes && c.isGone:
					w.erase(key)
					changed++
				case isRead && changed < c.changes:
					changed++
					w.write(key, text+strings.Repeat("\n", changed))
				case c.isGone && changed == 1 && r.URL.Query().Has("list-type"):
					w.write(key, text)
					changed++
				}
				return nil
			})
			s, err := w.target.Observe(t.Context(), w.placement("1"))
			w.wire.breaks(nil)
			if c.want != 0 {
				if !fault.Is(err, c.want) || fault.HintOf(err) == "" {
					t.Errorf("%v; hint %q", err, fault.HintOf(err))
				}
				return
			}
			if err != nil || s.Live != "1" || changed < c.changes {
				t.Errorf("%+v, %v after %d changes", s, err, changed)
			}
		})
	}
}
