package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

const password = "the-password-of-the-registry"

// stranger is another host that an answer names. It notes what it was given.
type stranger struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string // headers and bodies that are not for it
	came int
}

func newStranger(t *testing.T, secure bool) *stranger {
	t.Helper()
	s := &stranger{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what came is what counts
		s.mu.Lock()
		defer s.mu.Unlock()
		s.came++
		for _, name := range []string{"Authorization", "Referer", "Cookie"} {
			if v := r.Header.Get(name); v != "" {
				s.got = append(s.got, name+": "+v)
			}
		}
		if len(body) > 0 {
			s.got = append(s.got, fmt.Sprintf("%s with %d bytes", r.Method, len(body)))
		}
		w.Header().Set("Docker-Content-Digest", manifest().Digest)
		w.Header().Set("WWW-Authenticate", `Basic realm="give it to me"`)
		if strings.Contains(r.URL.Path, "manifests") {
			_, _ = w.Write(manifest().Raw)
			return
		}
		_, _ = io.WriteString(w, `{"token":"t","tags":["stolen"]}`)
	})
	if s.Server = httptest.NewUnstartedServer(h); secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// hostile is a registry behind a login that leads requests elsewhere.
type hostile struct {
	*httptest.Server
	elsewhere string
	how       string // what leads away: redirect-307, redirect-302, location, piece, link, realm, token
}

func newHostile(t *testing.T, secure bool, elsewhere, how string) *hostile {
	t.Helper()
	h := &hostile{elsewhere: elsewhere, how: how}
	if h.Server = httptest.NewUnstartedServer(h); secure {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, given, _ := r.BasicAuth()
	switch {
	case r.URL.Path == "/token":
		http.Redirect(w, r, h.elsewhere+"/token", http.StatusTemporaryRedirect)
	case h.how == "token":
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+h.URL+`/token",service="here"`)
		w.WriteHeader(http.StatusUnauthorized)
	case h.how == "realm":
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+h.elsewhere+`/token",service="here"`)
		w.WriteHeader(http.StatusUnauthorized)
	case given != password:
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		w.WriteHeader(http.StatusUnauthorized)
	case h.how == "redirect-307":
		http.Redirect(w, r, h.elsewhere+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	case h.how == "redirect-302":
		http.Redirect(w, r, h.elsewhere+r.URL.RequestURI(), http.StatusFound)
	case h.how == "link":
		w.Header().Set("Link", "<"+h.elsewhere+r.URL.Path+`?last=z>; rel="next"`)
		_, _ = io.WriteString(w, "{}")
	default:
		_, _ = io.Copy(io.Discard, r.Body)
		h.upload(w, r)
	}
}

// upload answers with the addresses of an upload.
func (h *hostile) upload(w http.ResponseWriter, r *http.Request) {
	at := "/v2/some/repo/blobs/uploads/one?_state=secret"
	led := h.how == "location" || h.how == "piece" && r.Method == http.MethodPatch
	switch {
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusNotFound)
		return
	case h.how == "finish" && r.Method == http.MethodPut:
		w.Header().Set("Location", h.elsewhere+at)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	case led:
		at = h.elsewhere + at
	}
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusAccepted)
}

func manifest() oci.Manifest {
	m, err := oci.NewManifest([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`), "application/vnd.oci.image.index.v1+json")
	if err != nil {
		panic(err)
	}
	return m
}

// everyRequest is what the client asks of a registry, by name.
func everyRequest() map[string]func(ctx context.Context, r *registry.Repository) error {
	blob := manifest().Digest
	return map[string]func(ctx context.Context, r *registry.Repository) error{
		"manifest": func(ctx context.Context, r *registry.Repository) error { _, err := r.Manifest(ctx, "tag"); return err },
		"digest":   func(ctx context.Context, r *registry.Repository) error { _, err := r.Digest(ctx, "tag"); return err },
		"blob": func(ctx context.Context, r *registry.Repository) error {
			b, err := r.Blob(ctx, blob, 0)
			if err == nil {
				err = b.Close()
			}
			return err
		},
		"stretch": func(ctx context.Context, r *registry.Repository) error {
			b, ok, err := r.Stretch(ctx, blob, 1, 2)
			if ok {
				err = b.Close()
			}
			return err
		},
		"has":  func(ctx context.Context, r *registry.Repository) error { _, err := r.HasBlob(ctx, blob); return err },
		"tags": func(ctx context.Context, r *registry.Repository) error { _, err := r.Tags(ctx); return err },
		"referrers": func(ctx context.Context, r *registry.Repository) error {
			_, _, err := r.Referrers(ctx, blob)
			return err
		},
		"put": func(ctx context.Context, r *registry.Repository) error {
			_, err := r.Put(ctx, manifest(), "tag")
			return err
		},
		"retag": func(ctx context.Context, r *registry.Repository) error {
			return r.Retag(ctx, map[string]string{"tag": manifest().Digest})
		},
		"delete": func(ctx context.Context, r *registry.Repository) error { return r.Delete(ctx, "tag") },
		"mount":  func(ctx context.Context, r *registry.Repository) error { return upload(ctx, r, 100, "other/repo") },
		"upload": func(ctx context.Context, r *registry.Repository) error { return upload(ctx, r, 100, "") },
		"pieces": func(ctx context.Context, r *registry.Repository) error { return upload(ctx, r, 33<<20, "") },
	}
}

func upload(ctx context.Context, r *registry.Repository, size int, from string) error {
	blob := bytes.Repeat([]byte("x"), size)
	sum := sha256.Sum256(blob)
	d := oci.Descriptor{Digest: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}, Size: int64(size)}
	_, err := r.Upload(ctx, d, from, func(ctx context.Context) (*oci.Stream, error) {
		return oci.NewStream(ctx, d, func(_ context.Context, offset int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(blob[offset:])), nil
		}, nil)
	})
	return err
}

func reach(t *testing.T, h *hostile, secure bool) *registry.Repository {
	t.Helper()
	client := registry.NewClient(h.Client().Transport.(*http.Transport)) //nolint:forcetypeassert // httptest's own
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	return registry.New(registry.Options{
		Host: u.Host, Plain: !secure, Client: client, Pause: time.Millisecond,
		Login: func(context.Context, bool) (string, string, error) { return "ann", password, nil },
	}).Repository("some/repo")
}

// Whatever an answer names, the credentials and the blobs stay with the registry.
// Only reads follow a redirect, without credentials, and never to less security.
func TestNothingGoesToAnotherHost(t *testing.T) {
	t.Parallel()
	reads := map[string]bool{"manifest": true, "digest": true, "blob": true, "stretch": true, "has": true, "tags": true, "referrers": true}
	for _, how := range []string{"redirect-307", "redirect-302", "location", "piece", "finish", "link", "token"} {
		for _, secure := range []bool{false, true} {
			for name, ask := range everyRequest() {
				if name == "pieces" && !slices.Contains([]string{"location", "piece", "finish"}, how) {
					continue // as "upload", with many bytes
				}
				t.Run(fmt.Sprint(how, secure, name), func(t *testing.T) {
					t.Parallel()
					other := newStranger(t, false)
					h := newHostile(t, secure, other.URL, how)
					err := ask(t.Context(), reach(t, h, secure))
					other.mu.Lock()
					defer other.mu.Unlock()
					if len(other.got) > 0 {
						t.Errorf("another host got %q", other.got)
					}
					if secure && other.came > 0 {
						t.Errorf("%d requests left TLS", other.came)
					}
					redirected := strings.HasPrefix(how, "redirect")
					if !reads[name] && name != "retag" && other.came > 0 { // retag reads first
						t.Errorf("a write reached another host %d times", other.came)
					}
					if redirected && !secure && reads[name] {
						if err != nil {
							t.Errorf("a read does not follow: %v", err)
						}
						return
					}
					leads := redirected || how == "token" || how == "link" && (name == "tags" || name == "referrers") ||
						strings.Contains("location piece finish", how) && name == "pieces" || strings.Contains("location finish", how) && (name == "upload" || name == "mount")
					if leads && err == nil {
						t.Error("it says success")
					}
					if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "_state")) {
						t.Errorf("the error tells a secret: %v", err)
					}
					if leads && !fault.Is(err, fault.Refused) {
						t.Errorf("the error is not a refusal: %v", err)
					}
				})
			}
		}
	}
}

// A realm on another host gets the login over TLS, as docker sends it, and never
// without TLS from a registry that has it.
func TestARealmNeedsTLSWhereTheRegistryHasIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ registry, realm, gets bool }{{true, false, false}, {true, true, true}, {false, true, true}} {
		other := newStranger(t, c.realm)
		h := newHostile(t, c.registry, other.URL, "realm")
		if !c.registry { // trust both
			h.Client().Transport = other.Client().Transport
		}
		_, err := reach(t, h, c.registry).Manifest(t.Context(), "tag")
		if got := len(other.got) > 0; got != c.gets {
			t.Errorf("%+v: the realm got %q: %v", c, other.got, err)
		}
		if !c.gets && (!fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "not encrypted")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
