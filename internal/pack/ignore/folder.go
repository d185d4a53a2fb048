package ignore

import (
	"path/filepath"
)

// For is the list for a folder of an app: the ignore file beside the app file,
// the one in the folder itself, and then the patterns of the settings.
func For(appRoot, folder string, patterns []string) (*List, error) {
	l := &List{}
	base, err := filepath.Rel(appRoot, folder)
	if err == nil && base != "." && filepath.IsLocal(base) {
		if err := l.Read(appRoot, filepath.ToSlash(base)); err != nil {
			return nil, err
		}
	}
	if err := l.Read(folder, ""); err != nil {
		return nil, err
	}
	return l, l.Add("ignore", "", patterns...)
}
