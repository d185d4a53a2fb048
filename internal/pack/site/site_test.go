package site_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/pack/site"
	"falkirk/internal/release"
)

func newStore(t *testing.T) *release.Store {
	t.Helper()
	return release.New(file.New(t.TempDir()))
}

func quiet(delivery.Progress) {}

func packSite(ctx context.Context, t *testing.T, store *release.Store, root string, s site.Settings) (delivery.Artifact, error) {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return site.New(store).Pack(ctx, root, delivery.Component{Name: "web", Kind: site.Kind, Settings: raw}, quiet)
}

func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fixture has one file of every cache class.
func fixture() map[string]string {
	return map[string]string{
		"dist/index.html":               "<script src=assets/app.3f2a9c1b.js></script>",
		"dist/assets/app.3f2a9c1b.js":   "console.log(1)",
		"dist/assets/index-BkX9a_3z.js": "console.log(2)",
		"dist/robots.txt":               "User-agent: *",
		"dist/sw.js":                    "self.skipWaiting()",
		"dist/.DS_Store":                "junk",
		"dist/.git/config":              "junk",
	}
}

func TestASitePacksToTheSameDigestEverywhere(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, fixture())
	store := newStore(t)
	a, err := packSite(t.Context(), t, store, root, site.Settings{Path: "dist"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.Site(t.Context(), a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Path  string
		Cache delivery.Cache
		Entry bool
	}
	var rows []row
	for _, f := range got.Files {
		rows = append(rows, row{f.Path, f.Cache, f.Entry})
	}
	want := []row{
		{"assets/app.3f2a9c1b.js", delivery.CacheImmutable, false},
		{"assets/index-BkX9a_3z.js", delivery.CacheImmutable, false},
		{"index.html", delivery.CacheNone, true},
		{"robots.txt", delivery.CacheRevalidate, false},
		{"sw.js", delivery.CacheNone, true},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	// Golden: another day, machine, or version of Go must come to the same bytes.
	if want := "sha256:44449c4db80e714e47e0b35e2bcf4efa9047c3c24285d585ed82d1cdcefe66b8"; a.Digest != want {
		t.Errorf("digest is %s, want %s", a.Digest, want)
	}
}
