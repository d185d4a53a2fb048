// Package tree lists what a folder holds in one order on every machine, and
// reads it so that a change underneath is noticed. It packs nothing.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// File is a file, a folder or a link below the folder that was walked.
type File struct {
	Path string // slash-separated, relative
	Mode fs.FileMode
	Link string // target, when links are kept
	Size int64
	at   string // where the content is
	info fs.FileInfo
}

// Options say how a folder is walked.
type Options struct {
	Ignore  *ignore.List   // may be nil; with it the ignore files in deeper folders count too
	InPlace *ignore.List   // for what links lead to, by its own path; nil: as Ignore
	Docker  *ignore.Docker // may be nil
	Follow  bool           // pack what links lead to, and list no folders; else keep links
	Leave   Leave          // may be nil
}

// Leave is asked about each file and folder that no ignore file leaves out, and
// says whether it is left out. At is where it is. A link is asked about twice: as
// itself, and as what it leads to. What is in a folder that is left out is not
// asked about.
type Leave func(p, at string, info fs.FileInfo) bool

// Walk lists what the folder holds, in order of path. Everything that another
// machine could not hold alike is an error, all of them at once: links that lead
// out, devices, sockets and pipes, names that differ only by case or by Unicode normalization, names that
// are not UTF-8.
func Walk(ctx context.Context, folder string, o Options) ([]File, error) {
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, notThere(folder, err)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return nil, fault.New(fault.Invalid, "%s is not a folder", folder)
	}
	w := &walk{ctx: ctx, root: real, options: o, inPlace: map[string]*ignore.List{}, left: map[string]bool{}}
	w.dir("", real, []string{real}, o.Ignore)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.dropEmpty()
	slices.SortFunc(w.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	w.checkNames()
	if len(w.problems) > 0 {
		return nil, w.problem(folder)
	}
	return w.files, nil
}

// dropEmpty takes out the folders that are left out and hold nothing that is packed.
func (w *walk) dropEmpty() {
	if len(w.left) == 0 {
		return
	}
	holds := map[string]bool{}
	for _, f := range w.files {
		if w.left[f.Path] {
			continue
		}
		for up := path.Dir(f.Path); up != "."; up = path.Dir(up) {
			holds[up] = true
		}
	}
	w.files = slices.DeleteFunc(w.files, func(f File) bool { return w.left[f.Path] && !holds[f.Path] })
}

// Exists is the error of Files for a folder that is not there.
func Exists(root, folder string) error {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(folder)))
	return notThere(folder, err)
}

func notThere(folder string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // a folder on the way is a file
		return fault.Hint(fault.New(fault.Invalid, "%s is not there", folder), "build it first, or correct the path in the app file")
	}
	return err
}

type walk struct {
	ctx      context.Context
	root     string
	options  Options
	files    []File
	inPlace  map[string]*ignore.List // of folders that links lead to, by real path
	left     map[string]bool         // folders that are left out, and listed for what they may hold
	problems []error
}

// maxProblems bounds what an error lists.
const maxProblems = 20

func (w *walk) problem(folder string) error {
	list := w.problems
	if more := len(list) - maxProblems; more > 0 {
		list = append(slices.Clone(list[:maxProblems]), fmt.Errorf("and %d more like these", more))
	}
	err := fault.New(fault.Invalid, "cannot pack %s: %w", folder, errors.Join(list...))
	return fault.Hint(err, "rename or remove what is named, or leave it out with a line in .falkirkignore; then: falkirk pack")
}

func (w *walk) refuse(p, format string, args ...any) {
	w.problems = append(w.problems, fmt.Errorf("%q "+format, append([]any{p}, args...)...))
}

// dir lists one folder; above holds the real folders on the way, to notice loops;
// list is that of the folder above.
func (w *walk) dir(rel, at string, above []string, list *ignore.List) {
	if w.ctx.Err() != nil {
		return
	}
	if list != nil && rel != "" {
		inner, err := list.In(rel, at)
		if err != nil {
			w.problems = append(w.problems, err)
			return
		}
		list = inner
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		w.problems = append(w.problems, err)
		return
	}
	for _, e := range entries {
		p := path.Join(rel, e.Name())
		if w.ignored(p, e.IsDir(), list) || w.isIgnoredInPlace(p, filepath.Join(at, e.Name()), e.IsDir()) {
			continue
		}
		w.entry(p, filepath.Join(at, e.Name()), above, list)
	}
}

func (w *walk) ignored(p string, folder bool, list *ignore.List) bool {
	switch path.Base(p) {
	case ".DS_Store", ignore.File:
		return true
	}
	if list != nil && list.Match(p, folder) {
		return true
	}
	out, err := w.options.Docker.Match(p)
	if err != nil {
		w.problems = append(w.problems, err)
	}
	if out && folder && w.options.Docker.Enter() {
		w.left[p] = true
		return false
	}
	return out
}

func (w *walk) entry(p, at string, above []string, list *ignore.List) {
	info, err := os.Lstat(at)
	if err != nil {
		w.problems = append(w.problems, err)
		return
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if w.leaves(p, at, info) {
			return
		}
		w.link(p, at, info, above, list)
		return
	}
	w.add(p, at, info, above, list)
}

func (w *walk) add(p, at string, info fs.FileInfo, above []string, list *ignore.List) {
	if w.leaves(p, at, info) {
		return
	}
	switch {
	case info.IsDir():
		if !w.options.Follow {
			w.files = append(w.files, File{Path: p, Mode: info.Mode(), at: at, info: info})
		}
		w.dir(p, at, append(slices.Clip(above), at), list)
	case info.Mode().IsRegular():
		w.files = append(w.files, File{Path: p, Mode: info.Mode(), Size: info.Size(), at: at, info: info})
	default:
		w.refuse(p, "is neither a file nor a folder (%s)", info.Mode().Type())
	}
}

// leaves reports whether something is left out whatever the ignore files say.
func (w *walk) leaves(p, at string, info fs.FileInfo) bool {
	return w.options.Leave != nil && w.options.Leave(p, at, info) || path.Base(p) == ".git"
}

// link checks that what a link leads to is inside, and follows or keeps it.
func (w *walk) link(p, at string, info fs.FileInfo, above []string, list *ignore.List) {
	target, err := os.Readlink(at)
	if err != nil {
		w.problems = append(w.problems, err)
		return
	}
	real, err := filepath.EvalSymlinks(at)
	if err != nil {
		w.refuse(p, "is a link to %q, which is not there", target)
		return
	}
	inside, err := filepath.Rel(w.root, real)
	if err != nil || !filepath.IsLocal(inside) || !w.options.Follow && filepath.IsAbs(target) {
		w.refuse(p, "is a link to %q, which is outside of the folder", target)
		return
	}
	if !w.options.Follow {
		if w.leaves(p, real, info) {
			return
		}
		w.files = append(w.files, File{Path: p, Mode: info.Mode(), Link: filepath.ToSlash(target), at: at, info: info})
		return
	}
	if slices.Contains(above, real) {
		w.refuse(p, "is a link to %q, which holds the link itself", target)
		return
	}
	if info, err = os.Stat(real); err != nil {
		w.problems = append(w.problems, err)
		return
	}
	if info.IsDir() && w.ignored(p, true, list) {
		return
	}
	if w.isIgnoredInPlace("", real, info.IsDir()) {
		w.refuse(p, "is a link to %q, which an ignore file or the setting ignore leaves out: leave the link out too", target)
		return
	}
	w.add(p, real, info, above, list)
}
