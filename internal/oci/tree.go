package oci

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"falkirk/internal/fault"
)

// tree is the root file system being laid out. Paths are slash-separated,
// relative to the root and free of "..". Links are resolved as the image's own
// processes would see them, with the root as "/"; os.Root then makes sure that
// no path leaves the folder, even if somebody changes it meanwhile.
type tree struct {
	root    *os.Root
	owner   bool // whether owners can be set
	limits  Limits
	note    func(string)
	bytes   int64
	entries int64
	parents map[string]string    // folder as written → folder as resolved; known to exist
	added   map[string]bool      // resolved paths that this layer wrote, and the folders above them
	folders map[string]attribute // modes and times that folders get at the end
}

type attribute struct {
	mode fs.FileMode
	time time.Time
}

func (t *tree) layerBegins() {
	t.parents = map[string]string{}
	t.added = map[string]bool{}
	if t.folders == nil {
		t.folders = map[string]attribute{}
	}
}

// mark remembers that this layer wrote p, so that its own whiteouts spare it.
func (t *tree) mark(p string) {
	for ; p != "." && !t.added[p]; p = path.Dir(p) {
		t.added[p] = true
	}
}

// place resolves the folder of p, makes it where it is missing, and gives the
// path at which p itself is to be written.
func (t *tree) place(p string) (string, error) {
	if p == "." {
		return ".", nil
	}
	dir, err := t.folder(path.Dir(p))
	return path.Join(dir, path.Base(p)), err
}

func (t *tree) folder(dir string) (string, error) {
	if dir == "." {
		return ".", nil
	}
	if known, ok := t.parents[dir]; ok {
		return known, nil
	}
	resolved, err := t.resolve(dir)
	if err != nil {
		return "", err
	}
	t.parents[dir] = resolved
	return resolved, nil
}

// maxLinks is the usual bound on links followed on one path.
const maxLinks = 40

// resolve follows the links in dir and makes the folders that are missing.
func (t *tree) resolve(dir string) (string, error) {
	at, rest, links := ".", strings.Split(dir, "/"), 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		if part == ".." {
			at = path.Dir(at)
		}
		if part == "" || part == "." || part == ".." {
			continue
		}
		next := path.Join(at, part)
		info, err := t.root.Lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := t.root.Mkdir(next, 0o755); err != nil {
				return "", err
			}
			t.folders[next] = attribute{mode: 0o755}
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := t.root.Readlink(next)
			if err != nil {
				return "", err
			}
			if links++; links > maxLinks {
				return "", fault.New(fault.Invalid, "too many links on the way to %q", dir)
			}
			if strings.HasPrefix(target, "/") {
				at = "."
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		case !info.IsDir():
			return "", fault.New(fault.Invalid, "%q is not a folder", next)
		}
		at = next
	}
	return at, nil
}

// vacate removes what stands at p.
func (t *tree) vacate(p string) error {
	info, err := t.root.Lstat(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&fs.ModeSymlink != 0 {
		clear(t.parents) // paths may resolve otherwise from now on
	}
	if info.IsDir() {
		t.forget(p)
		return t.root.RemoveAll(p)
	}
	return t.root.Remove(p)
}

func (t *tree) forget(p string) {
	for f := range t.folders {
		if f == p || strings.HasPrefix(f, p+"/") {
			delete(t.folders, f)
		}
	}
}

// hide removes what lower layers left at p and keeps what this layer wrote.
func (t *tree) hide(p string) error {
	if !t.added[p] {
		return t.vacate(p)
	}
	info, err := t.root.Lstat(p)
	if err != nil || !info.IsDir() {
		return err
	}
	return t.hideInside(p)
}

func (t *tree) hideInside(p string) error {
	names, err := readNames(t.root, p)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := t.hide(path.Join(p, name)); err != nil {
			return err
		}
	}
	return nil
}

// finish gives the folders their modes and times, the deepest first: before, a
// mode without write permission would be in the way.
func (t *tree) finish() error {
	dirs := make([]string, 0, len(t.folders))
	for dir := range t.folders {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	for _, dir := range slices.Backward(dirs) {
		a := t.folders[dir]
		if !a.time.IsZero() {
			if err := t.root.Chtimes(dir, a.time, a.time); err != nil {
				return err
			}
		}
		if err := t.root.Chmod(dir, a.mode); err != nil {
			return err
		}
	}
	return nil
}

// clear empties the root again.
func (t *tree) clear() error {
	names, err := readNames(t.root, ".")
	for _, name := range names {
		err = errors.Join(err, t.root.RemoveAll(name))
	}
	return err
}

func readNames(root *os.Root, dir string) ([]string, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
