package ignore

import (
	"path/filepath"
	"strings"

	"falkirk/internal/fault"
)

// For is the list for a folder of an app: the ignore files from the folder of the
// app file down to the folder itself, and the patterns of the settings. A folder
// that these files leave out is refused.
func For(appRoot, folder string, patterns []string) (*List, error) {
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
