package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
)

// Lists come page by page, and end where the registry says so.
func TestTagsComeInPages(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("last") {
		case "":
			w.Header().Set("Link", `</v2/some/repo/tags/list?n=2&last=b>; rel="next"`)
			fmt.Fprint(w, `{"tags":["a","b"]}`)
		case "b":
			fmt.Fprint(w, `{"tags":["c"]}`)
		}
	}))
	t.Cleanup(s.Close)
	repo := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true}).Repository("some/repo")
	if got, err := repo.Tags(t.Context()); err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("tags are %q, %v", got, err)
	}
}

// A registry that gives another manifest than the digest asked for is not
// believed, and neither is one that says nothing of sense.
func TestAWrongManifestIsRefused(t *testing.T) {
	t.Parallel()
	body := `{"schemaVersion":2,"manifests":[]}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	t.Cleanup(s.Close)
	repo := registry.New(registry.Options{Host: strings.TrimPrefix(s.URL, "http://"), Plain: true}).Repository("some/repo")
	digest := "sha256:" + strings.Repeat("0", 64)
	if _, err := repo.Manifest(t.Context(), digest); err == nil || !strings.Contains(err.Error(), "when asked for "+digest) {
		t.Errorf("another manifest: %v", err)
	}
	if _, err := repo.Manifest(t.Context(), "tag"); err != nil {
		t.Errorf("by a tag: %v", err)
	}
	body = "<html>"
	if _, err := repo.Manifest(t.Context(), "tag"); !fault.Is(err, fault.Internal) || fault.ExitCode(err) != 1 {
		t.Errorf("no manifest: %v", err)
	}
}
