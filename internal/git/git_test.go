package git_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/git"
)

func TestNoVariableOfARepositoryIsPassedOn(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("NOT TESTED: git is not installed")
	}
	out, err := git.Out(t.Context(), "", "rev-parse", "--local-env-vars")
	if err != nil {
		t.Fatal(err)
	}
	// git passes these two on to submodules: they hold what was given with -c.
	kept := []string{"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}
	names := strings.Fields(string(out))
	if len(names) < 10 {
		t.Fatalf("git lists %q", names)
	}
	for _, name := range names {
		got := git.Environ([]string{name + "=x", "HOME=/h"})
		if slices.Contains(got, name+"=x") != slices.Contains(kept, name) || !slices.Contains(got, "HOME=/h") {
			t.Errorf("%s: %q", name, got)
		}
	}
}
