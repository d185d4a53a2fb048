package registry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
)

// No request is sent about a repository, a tag or a digest that does not follow
// the specification, wherever the name comes from.
func TestOnlyNamesBecomeAddresses(t *testing.T) {
	t.Parallel()
	var came atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(s.Close)
	reg := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true, Pause: time.Millisecond})
	check := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Invalid) || came.Swap(0) > 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	odd := []string{"", ".", "..", "../prod/api", "a/../b", "a?b", "a#b", "t%2f", "a b", "a\nb", "a//b", "/a", "-é", "sha256:../x", "x:pull,push repository:y"}
	for _, name := range odd {
		for what, ask := range everyRequest() {
			if what != "pieces" { // as upload, with many bytes
				check(what+" of "+name, ask(t.Context(), reg.Repository(name)))
			}
		}
		check("mount from "+name, upload(t.Context(), reg.Repository("some/repo"), 100, name+"/../x"))
	}
	for _, reference := range odd {
		for what, ask := range aboutReference(reference) {
			check(what+" "+reference, ask(t.Context(), reg.Repository("some/repo")))
		}
	}
}

// aboutReference is everything that is asked about a tag or a digest.
func aboutReference(ref string) map[string]func(ctx context.Context, r *registry.Repository) error {
	return map[string]func(ctx context.Context, r *registry.Repository) error{
		"manifest": func(ctx context.Context, r *registry.Repository) error { _, err := r.Manifest(ctx, ref); return err },
		"digest":   func(ctx context.Context, r *registry.Repository) error { _, err := r.Digest(ctx, ref); return err },
		"holds": func(ctx context.Context, r *registry.Repository) error {
			_, err := r.Holds(ctx, []string{ref})
			return err
		},
		"blob": func(ctx context.Context, r *registry.Repository) error { _, err := r.Blob(ctx, ref, 0); return err }, //nolint:bodyclose // none
		"has":  func(ctx context.Context, r *registry.Repository) error { _, err := r.HasBlob(ctx, ref); return err },
		"referrers": func(ctx context.Context, r *registry.Repository) error {
			_, _, err := r.Referrers(ctx, ref)
			return err
		},
		"delete": func(ctx context.Context, r *registry.Repository) error { return r.Delete(ctx, ref) },
		"stretch": func(ctx context.Context, r *registry.Repository) error {
			_, _, err := r.Stretch(ctx, ref, 1, 2) //nolint:bodyclose // none
			return err
		},
		"put": func(ctx context.Context, r *registry.Repository) error {
			_, err := r.Put(ctx, manifest(), ref)
			return err
		},
	}
}

// What a registry calls the digest of a tag is a digest, or it is not believed.
func TestADigestFromAHeaderIsChecked(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", "sha256:../../x?y")
	}))
	t.Cleanup(s.Close)
	repo := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true}).Repository("some/repo")
	if got, err := repo.Digest(t.Context(), "tag"); err == nil || got != "" || fault.Is(err, fault.Invalid) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := repo.Put(t.Context(), manifest(), "tag"); err == nil {
		t.Error("a write that is answered with no digest says success")
	}
}
