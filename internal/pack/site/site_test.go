package site_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
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
	return site.New(pack.Kit{Store: store}).Pack(ctx, root, delivery.Component{Name: "web", Kind: site.Kind, Settings: raw}, quiet)
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

func TestASiteIsClassified(t *testing.T) {
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

// Another folder, order of creation, mode and time come to the same digest.
func TestASiteHasOneDigest(t *testing.T) {
	t.Parallel()
	var digests []string
	for i, names := range [][]string{{"b/x.js", "a.html", "b-c.css"}, {"b-c.css", "b/x.js", "a.html"}} {
		root := t.TempDir()
		for _, name := range names {
			write(t, root, map[string]string{"dist/" + name: "content of " + name})
			at := filepath.Join(root, "dist", filepath.FromSlash(name))
			if err := errors.Join(os.Chmod(at, []os.FileMode{0o644, 0o700}[i]), os.Chtimes(at, time.Time{}, time.Unix(int64(i)*1e8, 0))); err != nil {
				t.Fatal(err)
			}
		}
		a, err := packSite(t.Context(), t, newStore(t), root, site.Settings{Path: "dist"})
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, a.Digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("two digests: %v", digests)
	}
}

func TestIgnoredFilesAreLeftOut(t *testing.T) {
	t.Parallel()
	root, store := t.TempDir(), newStore(t)
	write(t, root, map[string]string{
		"dist/index.html": "", "dist/a.map": "", "dist/secret/key": "", "dist/keep.map": "",
		"dist/.falkirkignore": "*.map\n!keep.map\n",
	})
	a, err := packSite(t.Context(), t, store, root, site.Settings{Path: "dist", Ignore: []string{"secret/"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Site(t.Context(), a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range s.Files {
		paths = append(paths, f.Path)
	}
	if diff := cmp.Diff([]string{"index.html", "keep.map"}, paths); diff != "" {
		t.Error(diff)
	}
}

func TestASiteThatCannotBePromotedIsRefused(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{"assets/a.css": "", "dist/index.html": "", "empty/.DS_Store": ""})
	for name, c := range map[string]struct {
		s    site.Settings
		says string
	}{
		"no entry":         {site.Settings{Path: "assets"}, "entry point"},
		"a typing mistake": {site.Settings{Path: "dist", Entries: []string{"indx.html"}}, "no file is matched by indx.html"},
		"both":             {site.Settings{Path: "dist", Entries: []string{"*.html"}, Immutable: []string{"*"}}, "both entries and immutable"},
		"nothing":          {site.Settings{Path: "empty"}, "no file to pack"},
		"no folder":        {site.Settings{Path: "gone"}, "is not there"},
		"a file":           {site.Settings{Path: "dist/index.html"}, "is not a folder"},
		"no pattern":       {site.Settings{Path: "dist", Ignore: []string{"[x"}}, "not a pattern"},
	} {
		_, err := packSite(t.Context(), t, newStore(t), root, c.s)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (site.Settings{Entries: []string{"ok", "[x"}}).Check(); len(got) != 2 {
		t.Errorf("problems are %v", got)
	}
}

func TestLargeFilesTakeLittleMemoryAndAreStoredOnce(t *testing.T) { // not parallel: it measures
	root, dir := t.TempDir(), t.TempDir()
	store := release.New(file.New(dir))
	write(t, root, map[string]string{"dist/index.html": ""})
	for i := range 2 {
		at := filepath.Join(root, "dist", fmt.Sprintf("big%d.bin", i))
		if err := errors.Join(os.WriteFile(at, nil, 0o600), os.Truncate(at, 200<<20)); err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := packSite(t.Context(), t, store, root, site.Settings{Path: "dist"})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were allocated in all", used)
	}
	if a.Size > 201<<20 || a.Count != 3 {
		t.Errorf("artifact is %+v; the same bytes count once", a)
	}
}
