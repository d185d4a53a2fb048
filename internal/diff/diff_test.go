package diff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
)

func digest(s string) string {
	return "sha256:" + fmt.Sprintf("%x", s) + strings.Repeat("0", 64-2*len(s))
}

func file(path, content string) delivery.File {
	return delivery.File{Path: path, Digest: digest(content), Size: int64(len(content)), Type: "text/plain", Cache: delivery.CacheNone}
}

func site(version string, files ...delivery.File) diff.Content {
	return diff.Content{Version: version, Parts: []diff.Part{{
		Artifact: delivery.Artifact{Component: "web", Kind: "site", Digest: digest(fmt.Sprint(len(files), files)[:16]), Count: len(files)},
		Version:  version, Site: &delivery.Site{Files: files},
	}}}
}

func TestFilesOfASite(t *testing.T) {
	t.Parallel()
	headers := file("h", "same")
	headers.Cache = delivery.CacheImmutable
	from := site("1", file("a", "aa"), file("b", "bb"), file("empty1", ""), file("h", "same"), file("old/x", "xxx"), file("z", "z"))
	to := site("2", file("a", "aa"), file("b", "bbb"), file("empty2", ""), headers, file("n1", "new"), file("n2", "new"), file("new/x", "xxx"))
	to.Parts[0].Digest = digest("other")
	got := diff.Compare(from, to)[0]
	want := &diff.SiteChange{
		Added:   []delivery.File{file("empty2", ""), file("n1", "new"), file("n2", "new")},
		Removed: []delivery.File{file("empty1", ""), file("z", "z")},
		Changed: []diff.FileChange{{From: file("b", "bb"), To: file("b", "bbb")}, {From: file("h", "same"), To: headers}},
		Moved:   []diff.FileChange{{From: file("old/x", "xxx"), To: file("new/x", "xxx")}},
		Same:    1,
	}
	if d := cmp.Diff(want, got.Site, cmpopts.IgnoreUnexported(diff.SiteChange{})); d != "" {
		t.Error(d)
	}
	if got.Transfer != 6 { // "bbb", and "new" once
		t.Errorf("%d bytes to transfer", got.Transfer)
	}
	if h := got.Site.Changed[1].Headers(); len(h) != 1 || h[0].Key != "Cache-Control" || h[0].From != "no-cache" {
		t.Errorf("headers: %+v", h)
	}
}

func TestComponentsComeGoAndChangeTheirKind(t *testing.T) {
	t.Parallel()
	part := func(name, kind, content string) diff.Part {
		return diff.Part{Artifact: delivery.Artifact{Component: name, Kind: kind, Digest: digest(content), Size: 9}}
	}
	from := diff.Content{Parts: []diff.Part{part("gone", "source", "g"), part("kept", "source", "k"), part("turned", "site", "t")}}
	to := diff.Content{Parts: []diff.Part{part("turned", "image", "t"), part("new", "source", "n"), part("kept", "source", "k")}}
	var got []string
	for _, c := range diff.Compare(from, to) {
		got = append(got, fmt.Sprintf("%s %s %s %d", c.Component, c.Change, c.Kind(), c.Transfer))
	}
	want := []string{"turned changed image 9", "new added source 9", "kept same source 0", "gone removed source 0"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLayersAndConfigurationOfAnImage(t *testing.T) {
	t.Parallel()
	blob := func(s string) diff.Blob { return diff.Blob{Digest: digest(s), Size: int64(len(s))} }
	image := func(d string, platforms ...diff.Platform) diff.Content {
		var blobs []diff.Blob
		for _, p := range platforms {
			blobs = append(blobs, p.Layers...)
		}
		return diff.Content{Parts: []diff.Part{{
			Artifact: delivery.Artifact{Component: "api", Kind: "image", Digest: digest(d)},
			Image:    &diff.Image{Platforms: platforms, Blobs: blobs},
		}}}
	}
	from := image("1", diff.Platform{Name: "linux/amd64", Digest: "a", Layers: []diff.Blob{blob("base"), blob("old")}, Config: []diff.Setting{
		diff.Plain("user", "root"), diff.Hidden("env TOKEN", diff.Secret, "one"), diff.Plain("env A", "1"),
	}}, diff.Platform{Name: "linux/386", Digest: "x"}, diff.Platform{Name: "linux/s390x", Digest: "s"})
	to := image("2", diff.Platform{Name: "linux/amd64", Digest: "b", Layers: []diff.Blob{blob("base"), blob("fresh"), blob("fresh")}, Config: []diff.Setting{
		diff.Plain("env B", "2"), diff.Hidden("env TOKEN", diff.Secret, "two"), diff.Plain("user", "root"),
	}}, diff.Platform{Name: "linux/arm64", Digest: "c"}, diff.Platform{Name: "linux/s390x", Digest: "s"})
	got := diff.Compare(from, to)[0]
	var changes []string
	for _, p := range got.Image.Platforms {
		changes = append(changes, p.Platform+" "+string(p.Change))
	}
	if d := cmp.Diff([]string{"linux/amd64 changed", "linux/arm64 added", "linux/s390x same", "linux/386 removed"}, changes); d != "" {
		t.Error(d)
	}
	amd := got.Image.Platforms[0]
	if d := cmp.Diff(diff.Layers{Shared: 1, SharedBytes: 4, Added: []diff.Blob{blob("fresh")}, Removed: []diff.Blob{blob("old")}}, amd.Layers); d != "" {
		t.Error(d)
	}
	want := []diff.Difference{
		{Key: "env A", Change: diff.Removed, From: "1"},
		{Key: "env B", Change: diff.Added, To: "2"},
		{Key: "env TOKEN", Change: diff.Changed, From: "***", To: "***"},
	}
	if d := cmp.Diff(want, amd.Config); d != "" {
		t.Error(d)
	}
	if got.Transfer != 5 {
		t.Errorf("%d bytes to transfer", got.Transfer)
	}
}

func TestSettingsOfEnvironments(t *testing.T) {
	t.Parallel()
	at := func(place, key, shown, value string) diff.Placed {
		return diff.Placed{Component: "api", Place: place, Setting: diff.Hidden(key, shown, value)}
	}
	from := []diff.Placed{at("x", "mode", "m", "m"), at("x", "port", "1", "1"), at("x", "dsn", "${env:A}", "same"), at("x", "pass", "***", "p1")}
	to := []diff.Placed{
		at("eu", "mode", "m", "m"), at("us", "mode", "m", "m"), at("eu", "port", "1", "1"), at("us", "port", "2", "2"),
		at("eu", "dsn", "${env:B}", "same"), at("us", "dsn", "${env:B}", "same"), at("eu", "pass", "***", "p2"), at("us", "pass", "***", "p2"),
	}
	want := []diff.Configured{{Component: "api", Differences: []diff.Difference{
		{Key: "pass", Change: diff.Changed, From: "***", To: "***"},
		{Key: "port", Change: diff.Changed, From: "1", To: "1 (eu), 2 (us)"},
	}}}
	if d := cmp.Diff(want, diff.Environments(from, to)); d != "" {
		t.Error(d)
	}
}

// TestTheWayBackIsTheMirror holds for random sites: nothing differs from itself,
// and the way back swaps what came and what went.
func TestTheWayBackIsTheMirror(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		a, b := randomSite(r), randomSite(r)
		a.Parts[0].Digest, b.Parts[0].Digest = digest("a"), digest("b")
		if got := diff.Compare(a, a); got[0].Different() || got[0].Transfer != 0 {
			t.Fatalf("seed %d: it differs from itself: %+v", seed, got)
		}
		to, back := diff.Compare(a, b)[0].Site, diff.Compare(b, a)[0].Site
		swap := func(all []diff.FileChange) []diff.FileChange {
			out := []diff.FileChange{}
			for _, f := range all {
				out = append(out, diff.FileChange{From: f.To, To: f.From})
			}
			slices.SortFunc(out, func(x, y diff.FileChange) int { return strings.Compare(x.To.Path, y.To.Path) })
			return out
		}
		want := &diff.SiteChange{Added: to.Removed, Removed: to.Added, Changed: swap(to.Changed), Moved: swap(to.Moved), Same: to.Same}
		if d := cmp.Diff(want, back, cmpopts.IgnoreUnexported(diff.SiteChange{})); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		if n := to.Same + len(to.Changed) + len(to.Moved) + len(to.Added); n != len(b.Parts[0].Site.Files) {
			t.Fatalf("seed %d: %d of %d files are told", seed, n, len(b.Parts[0].Site.Files))
		}
	}
}

func randomSite(r *rand.Rand) diff.Content {
	var files []delivery.File
	for i := range 20 {
		if r.IntN(3) > 0 {
			files = append(files, file(fmt.Sprintf("f%02d", i), strings.Repeat("x", r.IntN(6))))
		}
	}
	return site("v", files...)
}

// large is a pair of sites of ten thousand files, of which one in ten differs.
func large() (from, to diff.Content) {
	var a, b []delivery.File
	for i := range 10_000 {
		path, content := fmt.Sprintf("assets/%05d.js", i), fmt.Sprint(i)
		a = append(a, file(path, content))
		if i%10 == 0 {
			content += "!"
		}
		b = append(b, file(path, content))
	}
	from, to = site("1", a...), site("2", b...)
	to.Parts[0].Digest = digest("other")
	return from, to
}

func TestTenThousandFiles(t *testing.T) {
	t.Parallel()
	got := diff.Compare(large())[0].Site
	if len(got.Changed) != 1000 || got.Same != 9000 {
		t.Errorf("%d changed, %d same", len(got.Changed), got.Same)
	}
}

func BenchmarkTenThousandFiles(b *testing.B) {
	from, to := large()
	for b.Loop() {
		diff.Compare(from, to)
	}
}
