package site

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInvalidationPaths(t *testing.T) {
	t.Parallel()
	got := invalidationPaths("/", []string{"index.html", "a b/index.html", "ü/100%.html", "style.css", "x~y'(1).html", "plus+and&.html"})
	want := []string{
		"/", "/%C3%BC/100%25.html", "/a%20b/", "/a%20b/index.html", "/index.html", "/plus+and&.html", "/style.css", "/x%7Ey'(1).html",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("paths (-want +got):\n%s", d)
	}
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf("p%04d.html", i))
	}
	if got := invalidationPaths("/docs/", many); !slices.Equal(got, []string{"/docs/*"}) {
		t.Errorf("1001 paths are %d", len(got))
	}
	if got := invalidationPaths("/docs/", many[1:]); len(got) != 1000 || !strings.HasPrefix(got[0], "/docs/p") {
		t.Errorf("1000 paths are %d", len(got))
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Settings{
		"/":      {},
		"/docs/": {Prefix: "docs"},
		"/a/b/":  {Prefix: "docs", URL: "https://www.example.com/a/b"},
		"/x/":    {URL: "https://www.example.com/x/"},
	} {
		if got := s.base(); got != want {
			t.Errorf("%+v has the base %q, want %q", s, got, want)
		}
	}
	if got := (Settings{Prefix: "docs", URL: "https://www.example.com"}).base(); got != "/" {
		t.Errorf("a prefix that the distribution adds has the base %q", got)
	}
	if got := (Settings{URL: "https://www.example.com/a"}).address("ü b/100%.html"); got != "https://www.example.com/a/%C3%BC%20b/100%25.html" {
		t.Errorf("the address is %q", got)
	}
}
