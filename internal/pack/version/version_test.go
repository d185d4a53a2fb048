package version_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"falkirk/internal/fault"
	tool "falkirk/internal/git"
	"falkirk/internal/pack/version"
)

func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("NOT TESTED: git is not installed")
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Env = append(tool.Environ(os.Environ()), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func write(t *testing.T, at, content string) {
	t.Helper()
	if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVersionsFromGit(t *testing.T) {
	t.Parallel()
	needGit(t)
	dir := t.TempDir()
	expect := func(shape string, dirty bool) string {
		t.Helper()
		n, err := version.FromGit(t.Context(), version.Tree{Dir: dir})
		v, src := n.Version, n.Source
		if err != nil || src.Dirty != dirty || len(src.Commit) < 40 || !regexp.MustCompile("^"+shape+"$").MatchString(v) {
			t.Fatalf("version %q, %+v, %v; want %s", v, src, err, shape)
		}
		return v
	}
	none := func() {
		t.Helper()
		if _, err := version.FromGit(t.Context(), version.Tree{Dir: dir}); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "--version") {
			t.Fatalf("error is %v (%s)", err, fault.HintOf(err))
		}
	}
	none()
	git(t, dir, "init", "-q")
	none() // no commit yet
	write(t, filepath.Join(dir, "a"), "1")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "one")
	expect(`0\.0\.0-1-g[0-9a-f]{10}`, false)
	git(t, dir, "tag", "v1.2.0")
	expect(`v1\.2\.0`, false)

	write(t, filepath.Join(dir, "a"), "2")
	first := expect(`v1\.2\.0-dirty\.[0-9a-f]{8}`, true)
	write(t, filepath.Join(dir, "a"), "3")
	if second := expect(`v1\.2\.0-dirty\.[0-9a-f]{8}`, true); first == second {
		t.Errorf("two states claim %s", first)
	}
	git(t, dir, "commit", "-qam", "two")
	expect(`v1\.2\.0-1-g[0-9a-f]{10}`, false)
	write(t, filepath.Join(dir, "new"), "1")
	third := expect(`v1\.2\.0-1-g[0-9a-f]{10}-dirty\.[0-9a-f]{8}`, true)
	write(t, filepath.Join(dir, "new"), "2")
	if fourth := expect(`v1\.2\.0-1-g[0-9a-f]{10}-dirty\.[0-9a-f]{8}`, true); third == fourth {
		t.Errorf("two states of a file that git does not know claim %s", third)
	}
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-qm", "three")
	git(t, dir, "tag", "app/v2")
	expect(`app-v2`, false)
}
