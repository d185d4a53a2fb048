package template_test

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"falkirk/internal/template"
	"falkirk/test/chaos"
)

// public are the templates of aws-cloudformation/aws-cloudformation-templates
// in testdata, by name.
func public(t testing.TB) map[string][]byte {
	t.Helper()
	r, err := zip.OpenReader("testdata/public.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string][]byte{}
	for _, f := range r.File {
		if ext := path.Ext(f.Name); ext == ".txt" || ext == ".md" {
			continue
		}
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = raw
	}
	return all
}

// texts are the scalars of a template that are texts, but for keys.
func texts(n *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if _, ok := template.String(c); ok {
			all = append(all, c)
		}
		all = append(all, texts(c)...)
	}
	return all
}

// A value of a template that was replaced is the only one that has changed: for
// every text of every public template, however its lines end, as it is written
// or written again.
func TestOnlyWhatIsAskedForIsReplaced(t *testing.T) {
	t.Parallel()
	forms := map[string]func([]byte) []byte{
		"as it is": func(b []byte) []byte { return b },
		"CRLF": func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		},
		"BOM": func(b []byte) []byte { return append([]byte("\ufeff"), b...) },
		"comment": func(b []byte) []byte {
			if b[0] == '{' || b[0] == '%' {
				return append([]byte("\n \n"), b...)
			}
			return append([]byte("# äöü\r\n\r\n"), b...)
		},
	}
	const sample = `{"S3Bucket": "b", "S3Key": "k"}`
	count, simple, again := 0, 0, 0
	for name, raw := range public(t) {
		for form, change := range forms {
			tpl, err := template.Parse(name, change(raw))
			if err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			all := texts(tpl.Root)
			for i := 0; i < len(all); i += 1 + len(all)/chaos.Count(2, 8) { // as it is written: some, one by one
				if _, err := tpl.Locate(all[i:i+1], []string{sample}); err == nil {
					simple++
				}
			}
			count += len(all)
			rewritten, err := tpl.Rewritten(name, all)
			if err != nil {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			again++
			now := texts(rewritten.Root)
			if _, err := rewritten.Locate(now, slices.Repeat([]string{sample}, len(now))); err != nil {
				t.Errorf("%s, %s, written again: %v", name, form, err)
			}
		}
	}
	t.Logf("%d texts; %d of some located as written; %d templates written again", count, simple, again)
}
