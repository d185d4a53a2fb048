package ignore

import (
	"path/filepath"
	"strings"

	"falkirk/internal/fault"
)

// For is the list for a folder of an app: the ignore files from the folder of the
// app file down to the folder itself, and the patterns of the settings. A folder
// that these files leave out is refused, also where a link leads to it.
func For(appRoot, folder string, patterns []string) (*List, error) {
	if _, err := InPlace(appRoot, folder, nil); err != nil {
		return nil, err
	}
	return along(appRoot, folder, patterns)
}

// InPlace is For along the way on which the folder really is; nil where no link
// leads to it, so that it is the same.
func InPlace(appRoot, folder string, patterns []string) (*List, error) {
	root, err := filepath.EvalSymlinks(appRoot)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // that it is not there is said by who reads it
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // as above
	}
	one, _ := filepath.Rel(appRoot, folder)
	if two, err := filepath.Rel(root, real); err != nil || one == two {
		return nil, nil //nolint:nilerr,nilnil // it is the same, or outside of the app
	}
	return along(root, real, patterns)
}

// along reads the ignore files on the way that the path names.
func along(appRoot, folder string, patterns []string) (*List, error) {
	l := &List{}
	base, err := filepath.Rel(appRoot, folder)
	if err != nil || !filepath.IsLocal(base) {
		base = "."
		appRoot = folder
	}
	if base = filepath.ToSlash(base); base != "." {
		if err := l.above(appRoot, base); err != nil {
			return nil, err
		}
	}
	if err := l.read(folder, "", ""); err != nil {
		return nil, err
	}
	return l, l.Add("ignore", patterns...)
}

// above reads the ignore files above the folder base, and asks each for the next
// folder on the way.
func (l *List) above(root, base string) error {
	parts := strings.Split(base, "/")
	var way List // as seen from the root
	for i, part := range parts {
		up := strings.Join(parts[:i], "/")
		at := filepath.Join(root, filepath.FromSlash(up))
		if err := way.read(at, "", up); err != nil {
			return err
		}
		next := strings.TrimPrefix(up+"/"+part, "/")
		if way.Match(next, true) {
			err := fault.New(fault.Invalid, "%s is left out by an %s file above it", next, File)
			return fault.Hint(err, "take the pattern out, or pack another folder")
		}
		if err := l.read(at, strings.Join(parts[i:], "/"), ""); err != nil {
			return err
		}
	}
	return nil
}
