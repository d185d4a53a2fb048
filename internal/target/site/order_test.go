package site_test

import (
	"net/http"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

// Files whose names stay come first, then pages, the deepest first and the
// root's index last of all that is written to the site.
func TestOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	site := func(v string) map[string]string {
		return map[string]string{
			"index.html": v, "z.html": v, "a/index.html": v, "a/b/c/index.html": v, "style.css": v, "zz/late.css": v,
		}
	}
	w.pack("1", site("one"))
	w.pack("2", site("two"))
	w.live("1")
	w.provision("2")
	var order []string
	w.wire.breaks(func(r *http.Request) *http.Response {
		if what(r) == "copy" {
			order = append(order, strings.TrimPrefix(r.URL.Path, "/"+bucket+"/"))
		}
		return nil
	})
	w.do(delivery.Promote, "2")
	w.wire.breaks(nil)
	class := map[string]int{"style.css": 0, "zz/late.css": 0, "a/b/c/index.html": 1, "a/index.html": 2, "z.html": 3, "index.html": 4}
	if len(order) != len(class) {
		t.Fatalf("%d objects were written: %q", len(order), order)
	}
	for i := range order[1:] {
		if class[order[i]] > class[order[i+1]] {
			t.Errorf("%s came before %s: %q", order[i], order[i+1], order)
		}
	}
}
