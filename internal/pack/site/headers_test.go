package site_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/pack/site"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.String()
}

// what is what a file is served with.
type what struct {
	Type, Encoding, Cache string
	Entry                 bool
	Metadata              string
}

func served(t *testing.T, root string, s site.Settings) (map[string]what, delivery.Site) {
	t.Helper()
	store := newStore(t)
	a, err := packSite(t.Context(), t, store, root, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.Site(t.Context(), a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]what{}
	for _, f := range got.Files {
		all[f.Path] = what{f.Type, f.Encoding, f.CacheHeader(), f.Entry, string(f.Metadata)}
	}
	return all, got
}

const html, forever = "text/html; charset=utf-8", "public, max-age=31536000, immutable"

func TestFilesGetTheirHeaders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{
		"www/index.html": "<p>", "www/about": "<!doctype html><p>", "www/LICENSE": "text", "www/feed": "{}", "www/old.gz": zipped(t, "x"),
		"www/app.3f2a9c1b.js.gz": zipped(t, "x"), "www/app.3f2a9c1b.js.br": "\x0b", "www/pic.svgz": zipped(t, "<svg/>"),
		"www/.well-known/apple-app-site-association": "{}", "www/pic.heic": "a", "www/cafe2024.jpg": "a", "www/docs/a.html": "<p>",
	})
	plain, manifest := served(t, root, site.Settings{Path: "www"})
	want := map[string]what{
		"index.html": {html, "", "no-cache", true, ""}, "docs/a.html": {html, "", "no-cache", true, ""}, "about": {html, "", "no-cache", true, ""},
		"LICENSE": {"text/plain; charset=utf-8", "", "no-cache", false, ""}, "feed": {"text/plain; charset=utf-8", "", "no-cache", false, ""},
		"old.gz":                                 {"application/gzip", "", "no-cache", false, ""},
		"app.3f2a9c1b.js.gz":                     {"text/javascript; charset=utf-8", "gzip", forever, false, ""},
		"app.3f2a9c1b.js.br":                     {"text/javascript; charset=utf-8", "br", forever, false, ""},
		"pic.svgz":                               {"image/svg+xml", "gzip", "no-cache", false, ""},
		"pic.heic":                               {"image/heic", "", "no-cache", false, ""},
		"cafe2024.jpg":                           {"image/jpeg", "", "no-cache", false, ""},
		".well-known/apple-app-site-association": {"application/json", "", "no-cache", false, ""},
	}
	if diff := cmp.Diff(want, plain); diff != "" {
		t.Errorf("without rules (-want +got):\n%s", diff)
	}
	if manifest.Schema != 2 {
		t.Errorf("schema is %d", manifest.Schema)
	}
	ruled, _ := served(t, root, site.Settings{Path: "www", IgnoreHashes: true, Headers: []site.Rule{
		{Match: "*.html", CacheControl: "max-age=60", Metadata: map[string]string{"a": "1", "b": "2"}},
		{Match: "/docs/", CacheControl: "no-store", Metadata: map[string]string{"b": "3"}},
		{Match: "feed", ContentType: "application/feed+json"},
		{Match: "*.br", ContentEncoding: "identity", ContentType: "application/x-brotli"},
		{Match: "old.gz", ContentEncoding: "gzip", ContentType: "text/plain"},
	}})
	want["index.html"] = what{html, "", "max-age=60", true, `{"a":"1","b":"2"}`}
	want["docs/a.html"] = what{html, "", "no-store", true, `{"a":"1","b":"3"}`}
	want["feed"] = what{"application/feed+json", "", "no-cache", false, ""}
	want["app.3f2a9c1b.js.gz"] = what{"text/javascript; charset=utf-8", "gzip", "no-cache", false, ""}
	want["app.3f2a9c1b.js.br"] = what{"application/x-brotli", "", "no-cache", false, ""}
	want["old.gz"] = what{"text/plain", "gzip", "no-cache", false, ""}
	if diff := cmp.Diff(want, ruled); diff != "" {
		t.Errorf("with rules (-want +got):\n%s", diff)
	}
}

// What a rule says of the encoding decides the type, where no rule says the type.
func TestTheTypeFollowsTheEncoding(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{
		"www/index.html": "<p>", "www/z.js.gz": zipped(t, "x"), "www/z.js.br": "\x0b", "www/pic.svgz": zipped(t, "<svg/>"), "www/page.html.gz": zipped(t, "<p>"),
		"www/data.csv.gz": zipped(t, "x"), "www/robots.txt": "x", "www/robots.txt.gz": zipped(t, "x"), "www/robots.txt.br": "\x0b", "www/both.js.gz": zipped(t, "x"),
		"www/named.js.gz": zipped(t, "x"), "www/src.tar.gz": zipped(t, "x"), "www/src.tar": "x", "www/plain.js": "x", "www/coded.js": zipped(t, "x"),
	})
	const js, csv, text = "text/javascript; charset=utf-8", "text/csv; charset=utf-8", "text/plain; charset=utf-8"
	plain, _ := served(t, root, site.Settings{Path: "www"})
	ruled, _ := served(t, root, site.Settings{Path: "www", Headers: []site.Rule{
		{Match: "*.gz", ContentEncoding: "identity"}, {Match: "*.br", ContentEncoding: "identity"}, {Match: "*.svgz", ContentEncoding: "identity"},
		{Match: "data.csv.gz", ContentEncoding: "gzip"}, {Match: "named.js.gz", ContentType: "text/x"}, {Match: "both.js.gz", ContentEncoding: "identity, gzip"},
		{Match: "*.js", ContentEncoding: "gzip"},
	}})
	for name, want := range map[string][4]string{
		"z.js.gz": {js, "gzip", "application/gzip", ""}, "z.js.br": {js, "br", "application/x-brotli", ""}, "pic.svgz": {"image/svg+xml", "gzip", "application/gzip", ""},
		"page.html.gz": {html, "gzip", "application/gzip", ""}, "data.csv.gz": {"application/gzip", "", csv, "gzip"},
		"robots.txt.gz": {text, "gzip", "application/gzip", ""}, "robots.txt.br": {text, "br", "application/x-brotli", ""},
		"both.js.gz": {js, "gzip", js, "gzip"}, "named.js.gz": {js, "gzip", "text/x", ""},
		"src.tar.gz": {"application/gzip", "", "application/gzip", ""}, "coded.js": {js, "", js, "gzip"},
	} {
		a, b := plain[name], ruled[name]
		if got := [4]string{a.Type, a.Encoding, b.Type, b.Encoding}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if plain["page.html.gz"].Entry != true || ruled["page.html.gz"].Entry {
		t.Error("an encoded page is an entry, an archive of one is none")
	}
}

func TestRulesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for key, r := range map[string]site.Rule{
		"match":           {ContentType: "text/html"},
		"match ":          {Match: "[x", ContentType: "text/html"},
		"match  ":         {Match: "!x", ContentType: "text/html"},
		"contentType":     {Match: "*", ContentType: "html"},
		"contentType ":    {Match: "*", ContentType: "text/html\r\nX: y"},
		"contentEncoding": {Match: "*", ContentEncoding: "zip"},
		"cacheControl":    {Match: "*", CacheControl: "a\nb"},
		"metadata":        {Match: "*", Metadata: map[string]string{"A B": "x"}},
		"metadata ":       {Match: "*", Metadata: map[string]string{"falkirk-sha256": "x"}},
		"metadata  ":      {Match: "*", Metadata: map[string]string{"a": "é"}},
		"metadata   ":     {Match: "*", Metadata: map[string]string{"a": strings.Repeat("x", 2000)}},
		"0":               {Match: "*"},
	} {
		got := (site.Settings{Path: "www", Headers: []site.Rule{r}}).Check()
		if len(got) != 1 || !strings.Contains(strings.Join(got[0].Path, "."), strings.TrimSpace(key)) {
			t.Errorf("%s: %v", key, got)
		}
	}
}
