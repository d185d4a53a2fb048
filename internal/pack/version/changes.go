package version

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"falkirk/internal/git"
	"falkirk/internal/regular"
)

// worktree is the files of a repository: that of the app, or of a submodule or
// another repository in it.
type worktree struct {
	ctx    context.Context
	top    string
	within string   // where it is in the app's work tree, with a slash at the end; "" for that itself
	except []string // pathspecs that leave out the tool's own folders
	depth  int
	modes  bool // the executable bit of files counts
	notes  *[]string
}

// deepest bounds repositories in repositories.
const deepest = 32

// changes is a hash of what differs from the commit, or "". It is made from names
// and contents in the work tree alone, in order of name: settings of git and what
// is staged change nothing in it.
func (t worktree) changes() (string, error) {
	names, err := t.changed()
	if err != nil || len(names) == 0 {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		if err := t.hashPath(h, name); err != nil {
			return "", fmt.Errorf("read what differs from the commit: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// changed lists what differs from the commit, in order of name.
func (t worktree) changed() ([]string, error) {
	if t.depth > deepest {
		return nil, fmt.Errorf("%s: repositories in repositories, more than %d deep", t.top, deepest)
	}
	index, err := t.index()
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, look := range []func([]entry, map[string]bool) error{t.shown, t.hidden, t.submodules, t.lineEnds, t.programs} {
		if err := look(index, found); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// note tells a person something, once.
func (t worktree) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(*t.notes, text) {
		*t.notes = append(*t.notes, text)
	}
}

func (t worktree) at(name string) string { return filepath.Join(t.top, filepath.FromSlash(name)) }

// gone reports whether nothing is at a path: also where a folder on the way to it
// is a file now.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// hashPath writes a name and what is there now.
func (t worktree) hashPath(w io.Writer, name string) error {
	at := t.at(name)
	info, err := os.Lstat(at)
	switch {
	case gone(err):
		_, err = fmt.Fprintf(w, "%q gone\n", name)
		return err
	case err != nil:
		return err
	case info.IsDir():
		return t.hashRepository(w, name)
	case info.Mode()&os.ModeSymlink != 0:
		to, err := os.Readlink(at)
		if err == nil {
			_, err = fmt.Fprintf(w, "%q link %q\n", name, to)
		}
		return err
	}
	if _, err := fmt.Fprintf(w, "%q %d %t\n", name, info.Size(), isProgram(info)); err != nil || !info.Mode().IsRegular() {
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

func isProgram(info fs.FileInfo) bool { return info.Mode()&0o100 != 0 }

// hashRepository writes the state of a submodule, or of a repository that lies in
// the work tree and is not one of its submodules.
func (t worktree) hashRepository(w io.Writer, name string) error {
	r, ok, err := t.repository(name)
	if err != nil {
		return err
	}
	if !ok {
		_, err = fmt.Fprintf(w, "%q folder\n", name) // a submodule that is not checked out
		return err
	}
	_, err = fmt.Fprintf(w, "%q repository %s %s\n", name, r.commit, r.changes)
	return err
}

// inner is the state of a repository in the work tree.
type inner struct{ commit, changes string }

// repository looks at a repository in the work tree; false where there is none.
func (t worktree) repository(name string) (inner, bool, error) {
	at := t.at(name)
	top, err := git.Line(t.ctx, at, "rev-parse", "--show-toplevel")
	if t.ctx.Err() != nil {
		return inner{}, false, context.Cause(t.ctx)
	}
	if err != nil || !same(top, at) {
		return inner{}, false, nil
	}
	r := inner{commit: "no commit"}
	if commit, err := git.Line(t.ctx, at, "rev-parse", "--verify", "--quiet", "HEAD"); err == nil {
		r.commit = commit
	}
	r.changes, err = worktree{
		ctx: t.ctx, top: at, within: t.within + name + "/", depth: t.depth + 1, modes: modesCount(t.ctx, at), notes: t.notes,
	}.changes()
	return r, true, err
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
