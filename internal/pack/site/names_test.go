package site

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNamesOfPublicPackages compares the rule with what it said of the names of
// built files in public packages. A sample of these was looked at; those that are
// in two versions of a package were compared by TestHashedNamesNeverChange.
func TestNamesOfPublicPackages(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		mark, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if mark == "#" {
			continue
		}
		n++
		if got := hashes(nil).hashed(name); got != (mark == "+") {
			t.Errorf("hashed(%q) is %v", name, got)
		}
	}
	t.Logf("%d names", n)
}

// npmPackages are packages with built files, each in two versions.
var npmPackages = [][3]string{
	{"swagger-ui-dist", "5.35.0", "5.33.1"}, {"monaco-editor", "0.57.0", "0.56.0"}, {"pdfjs-dist", "6.5.438", "5.4.149"},
	{"katex", "0.19.1", "0.18.8"}, {"@fortawesome/fontawesome-free", "7.3.1", "7.0.0"}, {"bootstrap-icons", "1.13.2", "1.12.1"},
	{"mathjax", "4.1.3", "4.0.0"}, {"tinymce", "8.9.2", "8.7.0"}, {"reveal.js", "6.0.0", "5.2.0"}, {"storybook", "10.6.7", "10.6.0"},
	{"graphiql", "5.2.0", "5.0.2"}, {"highlight.js", "11.12.0", "11.3.0"}, {"webpack-bundle-analyzer", "5.4.0", "5.2.0"},
	{"vitepress", "1.6.4", "1.6.3"}, {"@excalidraw/excalidraw", "0.18.0", "0.17.6"}, {"ace-builds", "1.45.2", "1.44.0"},
	{"@fontsource/inter", "5.3.0", "5.2.5"}, {"lighthouse", "12.2.3", "12.2.0"}, {"three", "0.187.0", "0.186.0"},
	{"mermaid", "12.3.0", "12.2.0"}, {"@jupyterlab/galata", "5.6.4", "5.0.3"}, {"flag-icons", "7.5.0", "7.3.2"},
	{"@tabler/icons", "3.36.0", "3.35.0"}, {"jquery-ui-dist", "1.13.3", "1.13.2"},
}

// TestHashedNamesNeverChange is a measurement: a name that counts as hashed must
// have the same content in two versions of a package, or be in one of them only.
// It downloads about 300 MB, so it runs only when it is asked for.
func TestHashedNamesNeverChange(t *testing.T) {
	if os.Getenv("FALKIRK_NPM") == "" {
		t.Skip("NOT MEASURED: FALKIRK_NPM=1 compares two versions of 24 packages of npm, over the network")
	}
	files, found, both := 0, 0, 0
	for _, p := range npmPackages {
		one, two := unpacked(t, p[0]+"@"+p[1]), unpacked(t, p[0]+"@"+p[2])
		_ = filepath.WalkDir(one, func(at string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			files++
			if !hashes(nil).hashed(e.Name()) {
				return nil
			}
			found++
			a, _ := os.ReadFile(at)
			b, err := os.ReadFile(two + strings.TrimPrefix(at, one))
			if err != nil {
				return nil //nolint:nilerr // it is in one version only
			}
			both++
			if !bytes.Equal(a, b) {
				t.Errorf("%s: %s changes, and its name counts as hashed", p[0], e.Name())
			}
			return nil
		})
	}
	t.Log(fmt.Sprintf("%d files of %d packages: %d names count as hashed, %d of them are in both versions", files, len(npmPackages), found, both))
}

// unpacked is the folder of a package.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	pack := exec.CommandContext(t.Context(), "npm", "pack", "--silent", name)
	pack.Dir = dir
	out, err := pack.Output()
	if err != nil {
		t.Skipf("NOT MEASURED: npm pack %s: %v", name, err)
	}
	unpack := exec.CommandContext(t.Context(), "tar", "xzf", strings.TrimSpace(string(out)))
	unpack.Dir = dir
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "package")
}
