//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// Nothing here asks how long anything took: only that the bench works.
func TestATinyRoundOfEverything(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	work := t.TempDir()
	falkirk, _ := harness.Programs(t)
	if err := os.Symlink(falkirk, filepath.Join(work, "falkirk")); err != nil {
		t.Fatal(err)
	}
	for name, pkg := range map[string]string{"upstream": "falkirk/test/bench/upstream", "bench": "falkirk/test/bench"} {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(work, name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", pkg, err, out)
		}
	}
	out := filepath.Join(work, "bench.md")
	if err := run(t.Context(), []string{"-tiny", "-work", work, "-out", out}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| falkirk pack |", "| `falkirk version`", "`falkirk status dev`", "### The local target's proxy", "falkirk, target", "| falkirk sync "} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}
