package page_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/diff/page"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

func file(path, c string, size int64) delivery.File {
	return delivery.File{Path: path, Digest: digest(c), Size: size, Type: "text/html", Cache: delivery.CacheNone}
}

// report has one of everything, and names that would do harm.
func report() diff.Report {
	cached := file("a|b`c`<img src=x>.html", "3", 2048)
	cached.Cache = delivery.CacheImmutable
	from := diff.Content{Version: "1.0", Parts: []diff.Part{
		{Artifact: delivery.Artifact{Component: "web", Kind: "site", Digest: digest("a"), Size: 4000, Count: 3}, Version: "1.0", Site: &delivery.Site{Files: []delivery.File{
			file("a|b`c`<img src=x>.html", "1", 1024), file("gone\n\x1b[31m.txt", "2", 10), file("old/logo.svg", "5", 77),
		}}},
		{Artifact: delivery.Artifact{Component: "api", Kind: "image", Digest: digest("b"), Size: 9e6, Count: 2}, Version: "1.0", Image: &diff.Image{
			Platforms: []diff.Platform{{Name: "linux/amd64", Digest: digest("c"), Layers: []diff.Blob{{Digest: digest("d"), Size: 8e6}, {Digest: digest("e"), Size: 1e6}}, Config: []diff.Setting{
				diff.Plain("env MODE", "a"), diff.Hidden("env TOKEN", diff.Secret, "1"),
			}}},
			Blobs: []diff.Blob{{Digest: digest("d"), Size: 8e6}, {Digest: digest("e"), Size: 1e6}},
		}},
		{Artifact: delivery.Artifact{Component: "cron", Kind: "image", Digest: digest("9"), Size: 5}, Version: "1.0"},
	}}
	to := diff.Content{Version: "1.1", Parts: []diff.Part{
		{Artifact: delivery.Artifact{Component: "web", Kind: "site", Digest: digest("f"), Size: 5000, Count: 3}, Version: "1.1", Site: &delivery.Site{Files: []delivery.File{
			cached, file("new/logo.svg", "5", 77), file("www.example.com/@team/#12.html", "6", 5),
		}}},
		{Artifact: delivery.Artifact{Component: "api", Kind: "image", Digest: digest("0"), Size: 9.5e6, Count: 2}, Version: "1.1", Image: &diff.Image{
			Platforms: []diff.Platform{{Name: "linux/amd64", Digest: digest("7"), Layers: []diff.Blob{{Digest: digest("d"), Size: 8e6}, {Digest: digest("8"), Size: 15e5}}, Config: []diff.Setting{
				diff.Plain("env MODE", "b"), diff.Hidden("env TOKEN", diff.Secret, "2"), diff.Plain("user", "65532"),
			}}},
			Blobs: []diff.Blob{{Digest: digest("d"), Size: 8e6}, {Digest: digest("8"), Size: 15e5}},
		}},
		{Artifact: delivery.Artifact{Component: "cron", Kind: "image", Digest: digest("9"), Size: 5}, Version: "1.1"},
	}}
	c := diff.Comparison{
		From: diff.End{Version: "1.0", Places: []delivery.Place{{Environment: "prd", Region: "eu"}}}, To: diff.End{Version: "1.1"},
		Components: diff.Compare(from, to),
		Commits: diff.Commits{
			Came: diff.History{Count: 7, List: []diff.Commit{{ID: "0123456789abcdef", Author: "Ann <a@b>", Subject: "</details> **bold** @all fixes #3 | x"}}},
			Gone: diff.History{Count: 1, List: []diff.Commit{{ID: "fedcba9876543210", Author: "Bob", Subject: "https://example.com [x](javascript:1)"}}},
		},
	}
	c.Total()
	r := diff.Report{
		From: diff.Side{Name: "prd", Environment: "prd", Note: "not all of prd is on one release"}, To: diff.Side{Name: "1.1", Version: "1.1"},
		Comparisons: []diff.Comparison{c},
		Settings:    []diff.Configured{{Component: "api", Differences: []diff.Difference{{Key: "local.port", Change: diff.Changed, From: "1", To: "2"}}}},
	}
	r.Decide()
	return r
}

func TestPagesAreGolden(t *testing.T) {
	t.Parallel()
	paint := func(sgr, s string) string { return "\x1b[" + sgr + "m" + s + "\x1b[0m" }
	for name, got := range map[string]string{
		"report.txt":  page.Text(report(), page.Options{Rows: 20}),
		"color.txt":   page.Text(report(), page.Options{Rows: 1, Paint: paint}),
		"report.md":   page.Markdown(report(), page.Options{}),
		"nothing.txt": page.Text(diff.Report{From: diff.Side{Version: "1"}, To: diff.Side{Environment: "prd", Version: "1"}}, page.Options{}),
		"nothing.md":  page.Markdown(diff.Report{From: diff.Side{Version: "1"}, To: diff.Side{Environment: "prd"}}, page.Options{}),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestACommentFitsAndSaysWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	r := report()
	s := r.Comparisons[0].Components[0].Site
	for i := range 10_000 {
		s.Added = append(s.Added, file(fmt.Sprintf("assets/%05d|`*`.js", i), "1", 1))
	}
	for i := range 2_000 {
		r.Settings = append(r.Settings, diff.Configured{Component: fmt.Sprint("c", i), Differences: r.Settings[0].Differences})
	}
	md := page.Markdown(r, page.Options{})
	if len(md) > page.MostMarkdown {
		t.Errorf("%d bytes", len(md))
	}
	if !strings.Contains(md, "more that did not fit into one comment") || strings.Count(md, "<details>") != strings.Count(md, "\n</details>") {
		t.Error("it was cut without saying so, or in the midst")
	}
	r.Settings = nil
	md = page.Markdown(r, page.Options{})
	if len(md) > page.MostMarkdown || len(md) < page.MostMarkdown/3 || strings.Contains(md, "did not fit") || !strings.Contains(md, "\n… and 9") {
		t.Errorf("%d bytes; its end: %s", len(md), md[len(md)-300:])
	}
}

// FuzzMarkdown renders a hostile name as GitHub would: what a reader sees is the
// name, in one cell, and nothing else came of it.
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		"a|b", "`x`", "</code><script>", "*a* _b_ ~~c~~", "[x](y)", "![x](y)", "http://example.com www.example.com a@b.cc", "&amp;&#1;",
		"\\|", "\n\n# x", "\x1b[31m", " | ", "<!--", "@all #12", "\u202egnp.exe", "a\xffb", "- [ ] x", " lead", "trail ", "```", "WWW.x.y",
	} {
		f.Add(s)
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || len(name) > 40 {
			t.Skip()
		}
		r := diff.Report{Different: true, Settings: []diff.Configured{{Component: "c", Differences: []diff.Difference{{Key: name, Change: diff.Added, To: "1"}}}}}
		text := page.Markdown(r, page.Options{})
		var out strings.Builder
		if err := md.Convert([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		_, body, ok := strings.Cut(out.String(), "<tbody>")
		body, _, _ = strings.Cut(body, "</tbody>")
		cells := strings.Split(body, "</td>")
		if !ok || len(cells) != 5 || strings.Count(body, "<tr>") != 1 {
			t.Fatalf("%q is no one row of four cells:\n%s\n%s", name, text, out.String())
		}
		cell := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(cells[1]), "<td>")), "<code>"), "</code>")
		if strings.ContainsAny(cell, "<>") {
			t.Fatalf("%q becomes markup: %s", name, cell)
		}
		for _, c := range cell {
			if !unicode.IsPrint(c) {
				t.Fatalf("%q: %q gets through", name, c)
			}
		}
	})
}
