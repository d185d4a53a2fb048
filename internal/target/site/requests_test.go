package site_test

import (
	"fmt"
	"maps"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/test/chaos"
)

// large makes a site of n files, of which a few are entry points; edition tells
// the changed ones of two releases apart.
func large(n, changed, edition int) map[string]string {
	files := map[string]string{"index.html": text(edition, "root")}
	for i := range n - 1 {
		switch {
		case i < changed:
			files[fmt.Sprintf("assets/%04d.%08x.js", i, edition)] = text(edition*1_000_000+i, "changed")
		default:
			files[fmt.Sprintf("assets/%04d.%08x.js", i, 0)] = text(i, "kept")
		}
	}
	return files
}

// Requests are counted exactly: they do not depend on the machine. Beside the
// copies a phase asks for the listing, and reads and writes these objects of its
// own: the record of each release, and the pointer.
func TestRequests(t *testing.T) {
	t.Parallel()
	n := chaos.Count(1020, 5020)
	pages := n/1000 + 1
	w := newWorld(t)
	w.pack("1", large(n, 49, 1))
	w.pack("2", large(n, 49, 2))
	expect := func(what string, want map[string]int) {
		t.Helper()
		got, total := w.wire.counted()
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d requests: %v, want %v", what, total, got, want)
		}
	}
	w.live("1")
	// An empty bucket is listed, then one of its pages. The entry point is copied
	// beside the site and from there to its path. Record and pointer are written
	// when they begin and when they end; what this process wrote it need not
	// read again; only a process that knows nothing yet asks for the pointer first.
	expect("cold", map[string]int{"list": 1 + pages, "copy": n + 1, "put": 4, "get": 1})
	w.live("2")
	expect("1% changed", map[string]int{"list": pages + pages, "copy": 50 + 1, "put": 4})
	w.prune("1")
	// The record says first what is deleted.
	expect("prune", map[string]int{"list": pages, "put": 1, "delete": 2})
	w.target = w.another()
	if st := w.observe("2"); st.Live != "2" || len(w.target.Plan(delivery.Provision, w.placement("2"), st)) > 0 {
		t.Error("2 is not live and whole")
	}
	expect("nothing to do", map[string]int{"list": pages, "get": 2})
}
