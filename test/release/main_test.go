// Package release makes a release as it is made for users, twice, and looks at
// all that is in it. It is a step of its own in `make test`, after the tests
// that measure time: it compiles for six platforms.
package release

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	root    = "../.."
	version = "1.8.7"
)

// made is where the release lies, and the same one made elsewhere.
var made, again string

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("left out: a release is not made by -short tests")
		os.Exit(0)
	}
	if err := command(root, "./ship/goreleaser", "--version"); err != nil && os.Getenv("CI") != "true" {
		fmt.Println("LEFT OUT: the pinned GoReleaser cannot be built here:", err)
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "falkirk-release-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "a", "second", "place")
	made, again = filepath.Join(first, "dist"), filepath.Join(second, "dist")
	err = copyTree(first)
	if err == nil {
		err = tag(first)
	}
	if err == nil {
		err = command(dir, "git", "clone", "--quiet", first, second)
	}
	for _, at := range []string{first, second} {
		if err == nil {
			err = command(at, "./ship/goreleaser", "release", "--clean", "--skip=publish,announce")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// copyTree copies the work tree as it is, without what git ignores.
func copyTree(to string) error {
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the work tree: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(root, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil // removed and not committed
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, info.Mode().Perm())
}

// tag makes the copy a repository with one commit, which is a release.
func tag(at string) error {
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"commit", "--quiet", "--message", "the work tree"},
		{"tag", "v" + version},
		{"remote", "add", "origin", "https://falkirk.invalid/falkirk"},
	} {
		if err := command(at, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@falkirk.invalid", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@falkirk.invalid", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out.Bytes())
	}
	return nil
}
