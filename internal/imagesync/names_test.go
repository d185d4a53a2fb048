package imagesync_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
)

// liar is a proxy before a registry that cleans paths, as many proxies do, adds
// names to the lists, and notes all writes and what escapes a folder.
type liar struct {
	*httptest.Server
	names, tags []string // added to the lists

	mu     sync.Mutex
	writes []string
	odd    []string // paths that are not clean
}

func newLiar(t *testing.T, registry string, names, tags []string) *liar {
	t.Helper()
	l := &liar{names: names, tags: tags}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.note(r)
		switch {
		case r.URL.Path == "/v2/_catalog":
			_ = json.NewEncoder(w).Encode(map[string]any{"repositories": l.names})
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			_ = json.NewEncoder(w).Encode(map[string]any{"tags": l.tags})
		default:
			if !strings.HasSuffix(r.URL.Path, "/uploads/") {
				r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), ""
			}
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *liar) note(r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if path.Clean(r.URL.Path) != strings.TrimSuffix(r.URL.Path, "/") || r.URL.EscapedPath() != r.URL.Path {
		l.odd = append(l.odd, r.Method+" "+r.RequestURI)
	}
	if r.Method == http.MethodPut || r.Method == http.MethodDelete {
		l.writes = append(l.writes, r.Method+" "+r.URL.Path)
	}
}

// A source does not choose where the destination's login writes: what it lists as
// a name or a tag and is none is a failure of its own, and the rest is copied.
func TestNamesFromASource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t)(w.source.Image(t.Context(), "api", "test", 1))
	from := newLiar(t, w.origin, []string{"api", "../prod/api", "api/../../prod/api", "a?b", "t%2f"}, []string{"test", "..", "a?b", "t%2f", "../../../prod/api/manifests/test"})
	to := newLiar(t, w.home, nil, []string{"gone/../x", ".."})
	for _, newest := range []int{0, 1} {
		set := imagesync.Defaults()
		set.Source, set.Destination, set.Insecure, set.Newest = strings.TrimPrefix(from.URL, "http://"), strings.TrimPrefix(to.URL, "http://")+"/mirror", true, newest
		set.Repositories, set.Tags, set.DeleteMissing = []string{"**"}, []string{"**"}, true
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(nil)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := j.Run(t.Context())
		if fault.ExitCode(err) != 1 || r.Counts[imagesync.Failed] != 9 {
			t.Errorf("newest %d: exit code %d, %v: %v, %+v", newest, fault.ExitCode(err), err, r.Counts, r.Items)
		}
	}
	for _, l := range []*liar{from, to} {
		if len(l.odd) > 0 {
			t.Errorf("these addresses were asked: %q", l.odd)
		}
	}
	for _, one := range to.writes {
		if !strings.Contains(one, " /v2/mirror/api/") {
			t.Errorf("outside of the destination: %s", one)
		}
	}
	if got := digest(t, w.home, "mirror/api", "test"); got != digest(t, w.origin, "api", "test") {
		t.Errorf("what is well is not copied: %s", got)
	}
}

// Names in a job are names, or patterns.
func TestNamesOfAJobAreChecked(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*imagesync.Settings){
		"a repository": func(s *imagesync.Settings) { s.Repositories = []string{"../prod/api"} },
		"a tag":        func(s *imagesync.Settings) { s.Tags = []string{".."} },
		"a tag as URL": func(s *imagesync.Settings) { s.Tags = []string{"t%2f"} },
	} {
		s := imagesync.Defaults()
		s.Source, s.Destination, s.Repositories = "a.example", "b.example", []string{"x"}
		set(&s)
		if all := s.Check(); len(all) != 1 || !strings.Contains(all[0].Text, "is not the name of a") {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
