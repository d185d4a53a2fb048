package proxy

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"falkirk/internal/delivery"
)

// A page may write é as one letter, and its file as two, and the other way round.
func TestAPathIsFoundInBothNormalForms(t *testing.T) {
	t.Parallel()
	const one, two = "caf\u00e9", "cafe\u0301"
	blob := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(blob, []byte("hi"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{one, two} {
		site := delivery.Site{Files: []delivery.File{{Path: name + ".html", Size: 2}, {Path: name + "/index.html", Size: 2}}}
		files := NewFiles(site, "/", "", func(string) string { return blob })
		for _, asked := range []string{one, two} {
			path := "/" + url.PathEscape(asked)
			if got := ask(files, path+".html"); got.Code != 200 || got.Body.String() != "hi" {
				t.Errorf("%q for %q: %d", asked, name, got.Code)
			}
			if got := ask(files, path+"/"); got.Code != 200 {
				t.Errorf("folder %q for %q: %d", asked, name, got.Code)
			}
			if got := ask(files, path); got.Code != 302 || got.Header().Get("Location") != path+"/" {
				t.Errorf("folder %q for %q: %d %s", asked, name, got.Code, got.Header().Get("Location"))
			}
		}
	}
}
