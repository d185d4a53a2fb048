package tree

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"

	"falkirk/internal/pack/ignore"
)

// isIgnoredInPlace reports whether what a link leads to is ignored where it is: a
// link publishes nothing that is left out under its own name. p is the path under
// which it is packed; what is packed under its own path is matched elsewhere.
func (w *walk) isIgnoredInPlace(p, at string, folder bool) bool {
	if w.options.Ignore == nil || !w.options.Follow {
		return false
	}
	rel, err := filepath.Rel(w.root, at)
	if err != nil || !filepath.IsLocal(rel) {
		return false
	}
	rel = filepath.ToSlash(rel)
	if rel == "." || rel == p && w.options.InPlace == nil {
		return false
	}
	list := cmp.Or(w.options.InPlace, w.options.Ignore)
	parts := strings.Split(rel, "/")
	for i := 1; i < len(parts); i++ {
		up := strings.Join(parts[:i], "/")
		if matches(list, up, true) {
			return true
		}
		if list = w.listIn(list, up); list == nil {
			return false // it is in the problems
		}
	}
	return matches(list, rel, folder)
}

func matches(list *ignore.List, p string, folder bool) bool {
	return path.Base(p) == ignore.File || list.Match(p, folder)
}

// listIn is the list for a folder by its real path, read once.
func (w *walk) listIn(above *ignore.List, p string) *ignore.List {
	list, known := w.inPlace[p]
	if !known {
		var err error
		if list, err = above.In(p, filepath.Join(w.root, filepath.FromSlash(p))); err != nil {
			w.problems = append(w.problems, err)
		}
		w.inPlace[p] = list
	}
	return list
}
