package proxy

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/delivery"
)

func ask(p http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if len(header) > 0 {
		r.Header.Set(Header, header[0])
	}
	p.ServeHTTP(w, r)
	return w
}

func release(component, version, prefix string) *Release {
	return &Release{Component: component, Version: version, Prefix: prefix, Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(component)) // into a recorder
	})}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	p := New("dev/eu of shop")
	p.Switch(NewTable([]*Release{
		release("web", "1", "/"), release("api", "1", "/api"), release("deep", "1", "/api/deep"), release("web", "2", "/"),
	}, map[string]string{"web": "1", "api": "1", "deep": "1"}))
	for target, want := range map[string]string{
		"/": "web", "/api": "api", "/api/": "api", "/apix": "web", "/api/deep/x": "deep", "/api/deeper": "api",
	} {
		if got := ask(p, target); got.Body.String() != want || got.Header().Get(Header) != "1" {
			t.Errorf("%s: %s", target, got.Body)
		}
	}
	if got := ask(p, "/api", "2"); got.Body.String() != "web" || got.Header().Get(Header) != "2" {
		t.Errorf("the release asked for: %s", got.Body)
	}
	if got := ask(p, "/", "3"); got.Code != 404 || !strings.Contains(got.Body.String(), "dev/eu of shop") {
		t.Errorf("an unknown release: %d %s", got.Code, got.Body)
	}
}

// A request that read the old table must not enter a release after its drain.
func TestDrainAndSwitchDoNotRace(t *testing.T) {
	t.Parallel()
	p := New("x")
	var dead [2]atomic.Bool
	make := func(i int) *Release {
		return &Release{Component: "c", Version: string(rune('0' + i)), Prefix: "/", Serve: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			if dead[i].Load() {
				t.Error("a request was sent to a release that was stopped")
			}
		})}
	}
	for range 200 {
		dead[0].Store(false)
		old, next := make(0), make(1)
		p.Switch(NewTable([]*Release{old}, map[string]string{"c": "0"}))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 20 {
					if w := ask(p, "/"); w.Code != 200 {
						t.Errorf("status %d", w.Code)
					}
				}
			})
		}
		p.Switch(NewTable([]*Release{next}, map[string]string{"c": "1"}))
		if cut := old.Drain(context.Background(), time.Minute); cut != 0 {
			t.Errorf("%d cut", cut)
		}
		dead[0].Store(true)
		all.Wait()
	}
}

func TestStripKeepsEscapes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"/api/a%2Fb?q=1": "/a%2Fb?q=1", "/api": "/", "/api/": "/", "/api//x": "//x"} {
		r := httptest.NewRequest(http.MethodGet, in, nil)
		cut(r.URL, "/api")
		if got := r.URL.RequestURI(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"/", "/a/../../b", "/ui/../x", "/ui", "//x", "/ui/a\\..\\b", "/ui/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, request string) {
		for _, prefix := range []string{"/", "/ui"} {
			if !Below(prefix, request) {
				continue
			}
			file, _ := name(prefix, request)
			if file != "" && (path.IsAbs(file) || path.Clean(file) != file || file == ".." || strings.HasPrefix(file, "../")) {
				t.Errorf("%q leads to %q", request, file)
			}
		}
	})
}

func FuzzSite(f *testing.F) {
	files := NewFiles(delivery.Site{Files: []delivery.File{{Path: "docs/index.html"}}}, "/", "", func(string) string { return "/nowhere" })
	for _, s := range []string{"/docs", "//evil.example/docs", "/docs/..//docs", "/%2f%2fevil/docs"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, request string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = request
		w := httptest.NewRecorder()
		files.ServeHTTP(w, r)
		if to := w.Header().Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "\n") {
			t.Errorf("%q is sent to %q", request, to)
		}
	})
}
