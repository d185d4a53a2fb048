package imagesync_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
)

// Where a registry does not answer, nobody says that nothing matches, or that
// the registry does not list what it has.
func TestARegistryThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t)(w.source.Image(t.Context(), "team/a", "dev", 1))
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close() // its port is free now: connections are refused
	at := strings.TrimPrefix(down.URL, "http://")
	for _, c := range []struct{ name, source, destination string }{{"destination", w.origin, at}, {"source", at, w.home}} {
		set := imagesync.Defaults()
		set.Source, set.Destination, set.Insecure = c.source, c.destination, true
		set.Repositories, set.Tags = []string{"team/*"}, []string{"dev", "x*"}
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(nil)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := j.Run(t.Context())
		if !fault.Is(err, fault.Unavailable) || len(r.Unmatched) > 0 || strings.Contains(fault.HintOf(err), "name the repositories") {
			t.Errorf("%s: %v, next: %s, unmatched %q", c.name, err, fault.HintOf(err), r.Unmatched)
		}
	}
}
