package registry_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"falkirk/internal/bucket/file"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
	"falkirk/internal/release"
)

// guarded is a registry that wants tokens, as the distribution project's token
// specification says, and a realm that gives them for a password.
type guarded struct {
	mu     sync.Mutex
	realm  string
	valid  map[string][]string // token → scopes
	issued int
	scheme string
}

func newGuarded(t *testing.T, scheme string) (g *guarded, host string) {
	t.Helper()
	g = &guarded{valid: map[string][]string{}, scheme: scheme}
	inner := ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			g.give(w, r)
		case !g.lets(r):
			challenge := fmt.Sprintf(`Bearer realm="%s",service="here",scope="x"`, g.realm)
			if scheme == "basic" {
				challenge = `Basic realm="here"`
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	g.realm = s.URL + "/token"
	return g, strings.TrimPrefix(s.URL, "http://")
}

func (g *guarded) give(w http.ResponseWriter, r *http.Request) {
	_, password, _ := r.BasicAuth()
	scopes := r.URL.Query()["scope"]
	if r.Method == http.MethodPost && r.FormValue("grant_type") == "refresh_token" {
		password, scopes = r.FormValue("refresh_token"), strings.Fields(r.FormValue("scope"))
	}
	if password != "right" || r.FormValue("service") != "here" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.issued++
	token := fmt.Sprint("token", g.issued)
	g.valid[token] = scopes
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300})
}

func (g *guarded) lets(r *http.Request) bool {
	if g.scheme == "basic" {
		_, password, _ := r.BasicAuth()
		return password == "right"
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/blobs")
	name, _, _ = strings.Cut(name, "/manifests")
	return slices.ContainsFunc(g.valid[token], func(s string) bool { return strings.HasPrefix(s, "repository:"+name+":") })
}

// expire has no token be good any more.
func (g *guarded) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.valid)
}

// push copies a small image.
func push(t *testing.T, to *registry.Repository) error {
	t.Helper()
	img, err := random.Image(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	store := release.New(file.New(t.TempDir()))
	s, err := oci.Add(t.Context(), store, img)
	if err != nil {
		t.Fatal(err)
	}
	_, err = oci.NewCopier().Copy(t.Context(), to, oci.Stock(store), oci.Wish{Digest: s.Digest, Tag: "one"})
	return err
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for scheme, user := range map[string]string{"bearer": "ann", "basic": "ann", "identity": "<token>"} {
		g, host := newGuarded(t, scheme)
		password := "right"
		login := func(context.Context, bool) (string, string, error) { return user, password, nil }
		repo := registry.New(registry.Options{Host: host, Plain: true, Pause: time.Millisecond, Login: login}).Repository("some/repo")
		if err := push(t, repo); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
		if g.issued > 1 {
			t.Errorf("%s: %d tokens were asked for", scheme, g.issued)
		}
		g.expire()
		if err := push(t, repo); err != nil {
			t.Errorf("%s, with a token that is over: %v", scheme, err)
		}
		password = "wrong"
		other := registry.New(registry.Options{Host: host, Plain: true, Login: login}).Repository("some/repo")
		err := push(t, other)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), host) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s, with a wrong password: %v", scheme, err)
		}
	}
}
