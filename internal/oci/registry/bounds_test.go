package registry_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
)

// A list without an end is given up with a clear error, for every list.
func TestAnEndlessListEnds(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(n int64) string{
		"the same page":    func(int64) string { return "?last=a" },
		"a circle":         func(n int64) string { return fmt.Sprint("?last=", n%7) },
		"always a new one": func(n int64) string { return fmt.Sprint("?last=", n) },
	} {
		var n atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "<"+r.URL.Path+next(n.Add(1))+`>; rel="next"`)
			_, _ = io.WriteString(w, `{}`)
		}))
		t.Cleanup(s.Close)
		reg := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true})
		repo := reg.Repository("some/repo")
		for list, ask := range map[string]func(context.Context) error{
			"tags":      func(ctx context.Context) error { _, err := repo.Tags(ctx); return err },
			"referrers": func(ctx context.Context) error { _, _, err := repo.Referrers(ctx, manifest().Digest); return err },
			"catalog":   func(ctx context.Context) error { _, err := reg.Catalog(ctx); return err },
		} {
			if err := ask(t.Context()); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "does not end") {
				t.Errorf("%s, %s: %v", list, name, err)
			}
		}
	}
}

// An answer without an end is given up with a clear error: manifests, tokens,
// lists, the text of an error.
func TestAnOverlongAnswerEnds(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	fill := strings.Repeat("x", 1<<16)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" && status.Load() == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
		}
		if r.URL.Path != "/token" {
			w.WriteHeader(int(status.Load()))
		}
		_, _ = io.WriteString(w, `{"errors":[{"code":"DENIED","message":"`)
		for n := 0; r.Context().Err() == nil && n < 2000; n++ {
			if _, err := io.WriteString(w, fill); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	for code, wants := range map[int]string{200: "more than", 401: "a request for a token has more than", 403: "403"} {
		status.Store(int64(code))
		repo := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true, Pause: time.Millisecond}).Repository("some/repo")
		for name, err := range map[string]error{
			"manifest": second(repo.Manifest(t.Context(), "tag")), "tags": second(repo.Tags(t.Context())),
		} {
			if err == nil || !strings.Contains(err.Error(), wants) || len(err.Error()) > 2000 {
				t.Errorf("%s with %d: %.300v", name, code, err)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

// The messages of an error are cut.
func TestALongErrorIsCut(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":"%s"}]}`, strings.Repeat("ü", 20_000))
	}))
	t.Cleanup(s.Close)
	repo := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true}).Repository("some/repo")
	if _, err := repo.Manifest(t.Context(), "tag"); err == nil || len(err.Error()) > 2000 || !strings.Contains(err.Error(), "DENIED") {
		t.Errorf("%.300v", err)
	}
}
