package version

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"falkirk/internal/git"
	"falkirk/internal/regular"
)

// changesOf is a short hash of what differs from the commit, or "". It is made from
// names and contents in the work tree alone: settings of git and what is staged
// change nothing in it.
func changesOf(ctx context.Context, top string, own []string) (string, error) {
	h := sha256.New()
	n, err := hashChanges(ctx, h, top, without(top, own), 0)
	if err != nil || n == 0 {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:8], nil
}

// deepest bounds repositories in repositories.
const deepest = 32

// hashChanges writes the changed files of a work tree, and how many there are.
// Submodules and repositories that lie in it count by their own commit and changes,
// whatever their setting "ignore" is.
func hashChanges(ctx context.Context, w io.Writer, top string, except []string, depth int) (int, error) {
	if depth > deepest {
		return 0, fmt.Errorf("%s: repositories in repositories, more than %d deep", top, deepest)
	}
	args := []string{"status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=no", "--ignore-submodules=none", "--no-renames", "--", ":/"}
	said, err := git.Out(ctx, top, append(args, except...)...)
	if err != nil {
		return 0, err
	}
	n := 0
	for entry := range bytes.SplitSeq(said, []byte{0}) {
		name, ok := changedPath(string(entry))
		if !ok {
			continue
		}
		n++
		if err := hashPath(ctx, w, top, name, depth); err != nil {
			return n, fmt.Errorf("read what differs from the commit: %w", err)
		}
	}
	hidden, err := hashHidden(ctx, w, top)
	return n + hidden, err
}

// changedPath is the path of an entry of git status --porcelain=v2 -z: the ninth
// field of a change, the eleventh of a conflict, the second of an untracked file.
func changedPath(entry string) (string, bool) {
	fields := map[string]int{"1": 9, "u": 11, "?": 2}
	kind, _, _ := strings.Cut(entry, " ")
	n, known := fields[kind]
	if !known {
		return "", false
	}
	parts := strings.SplitN(entry, " ", n)
	return parts[len(parts)-1], len(parts) == n
}

// hashPath writes a name and what is there now.
func hashPath(ctx context.Context, w io.Writer, top, name string, depth int) error {
	at := filepath.Join(top, filepath.FromSlash(name))
	info, err := os.Lstat(at)
	switch {
	case err != nil && os.IsNotExist(err):
		_, err = fmt.Fprintf(w, "%q gone\n", name)
		return err
	case err != nil:
		return err
	case info.IsDir():
		return hashRepository(ctx, w, at, name, depth)
	case info.Mode()&os.ModeSymlink != 0:
		to, err := os.Readlink(at)
		if err == nil {
			_, err = fmt.Fprintf(w, "%q link %q\n", name, to)
		}
		return err
	}
	if _, err := fmt.Fprintf(w, "%q %d %t\n", name, info.Size(), info.Mode()&0o100 != 0); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := regular.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// hashRepository writes the state of a submodule, or of a repository that lies in
// the work tree and is none of its submodules.
func hashRepository(ctx context.Context, w io.Writer, at, name string, depth int) error {
	top, err := git.Line(ctx, at, "rev-parse", "--show-toplevel")
	if err == nil && !same(top, at) {
		err = fmt.Errorf("git takes %s for its work tree", top)
	}
	if err != nil {
		_, err = fmt.Fprintf(w, "%q folder\n", name) // a submodule that is not checked out
		return err
	}
	commit, err := git.Line(ctx, at, "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		commit = "no commit"
	}
	if _, err := fmt.Fprintf(w, "%q repository %s\n", name, commit); err != nil {
		return err
	}
	_, err = hashChanges(ctx, w, at, nil, depth+1)
	return err
}

func same(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}

// without is the pathspecs that leave out the tool's own folders.
func without(top string, own []string) []string {
	var specs []string
	for _, folder := range own {
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			folder = real
		}
		if rel, err := filepath.Rel(filepath.FromSlash(top), folder); err == nil && filepath.IsLocal(rel) && rel != "." {
			specs = append(specs, ":(top,exclude,literal)"+filepath.ToSlash(rel))
		}
	}
	return specs
}
