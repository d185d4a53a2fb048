// Package docs checks that the pages made from the program are those that the
// program makes, and that links between pages lead somewhere.
package docs

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"falkirk/test/harness"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the pages instead of comparing them")

const root = "../.."

// pages leads from a page to the arguments of the command that prints it.
func pages() map[string][]string {
	return map[string][]string{
		"docs/commands.md":         {"reference", "commands"},
		"docs/config.md":           {"reference", "config"},
		"docs/exit-codes.md":       {"reference", "exit-codes"},
		"docs/falkirk.schema.json": {"schema"},
	}
}

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestReferencesAreFresh(t *testing.T) {
	t.Parallel()
	binary, _ := harness.Programs(t)
	for page, args := range pages() {
		want, err := exec.CommandContext(t.Context(), binary, args...).Output()
		if err != nil {
			t.Fatalf("falkirk %v: %v", args, err)
		}
		fresh(t, page, want)
	}
	fresh(t, "docs/json.md", jsonPage(t))
}

// fresh compares a page with what it must be; with -update it writes the page.
func fresh(t *testing.T, page string, want []byte) {
	t.Helper()
	path := filepath.Join(root, page)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run make docs\n%s", page, cmp.Diff(string(got), string(want)))
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// Golden files in testdata are pages of another folder; those are checked there.
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") && path != root {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if mark := regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>) .*`).Find(text); mark != nil {
			t.Errorf("%s has the mark of a merge: %s", path, mark)
		}
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
