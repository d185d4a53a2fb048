package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"falkirk/internal/bucket"
)

// List yields the objects whose keys begin with prefix and come after the key
// given, in order of key. It holds the names of one folder at each level.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		dir := prefix[:strings.LastIndexByte(prefix, '/')+1]
		path := b.dir
		if dir != "" {
			p, err := b.path(strings.TrimSuffix(dir, "/"))
			if err != nil {
				yield(bucket.Info{}, err)
				return
			}
			path = p
		}
		w := walk{ctx: ctx, prefix: prefix, after: after, yield: yield}
		w.folder(path, dir)
	}
}

type walk struct {
	ctx           context.Context
	prefix, after string
	yield         func(bucket.Info, error) bool
}

// name is one name in a folder; a folder's ends in a slash, which gives the
// order of keys.
type name struct {
	key   string
	entry fs.DirEntry
}

// folder walks one folder, whose keys begin with dir; false when the walk ends.
func (w *walk) folder(path, dir string) bool {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return true
	}
	if err != nil {
		w.yield(bucket.Info{}, explain(fmt.Errorf("list objects %s: %w", w.prefix, err)))
		return false
	}
	for _, n := range w.wanted(dir, entries) {
		if err := w.ctx.Err(); err != nil {
			w.yield(bucket.Info{}, fmt.Errorf("list objects %s: %w", w.prefix, err))
			return false
		}
		on := false
		if n.entry.IsDir() {
			on = w.folder(filepath.Join(path, n.entry.Name()), n.key)
		} else {
			on = w.object(n)
		}
		if !on {
			return false
		}
	}
	return true
}

// wanted sorts out the names that may lead to a key asked for. A named pipe or
// another special file is listed too, so that who reads the object finds out.
func (w *walk) wanted(dir string, entries []fs.DirEntry) []name {
	var names []name
	for _, e := range entries {
		key := dir + e.Name()
		switch {
		case e.IsDir():
			key += "/"
			if key == staging+"/" || (w.after > key && !strings.HasPrefix(w.after, key)) {
				continue
			}
			if !strings.HasPrefix(key, w.prefix) && !strings.HasPrefix(w.prefix, key) {
				continue
			}
		case key <= w.after, !strings.HasPrefix(key, w.prefix):
			continue
		}
		names = append(names, name{key, e})
	}
	slices.SortFunc(names, func(a, b name) int { return cmp.Compare(a.key, b.key) })
	return names
}

func (w *walk) object(n name) bool {
	st, err := n.entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return true // removed since
	}
	if err != nil {
		w.yield(bucket.Info{}, explain(fmt.Errorf("list objects %s: %w", w.prefix, err)))
		return false
	}
	return w.yield(bucket.Info{Key: n.key, Size: st.Size(), Modified: st.ModTime()}, nil)
}
