package tree

import (
	"context"
	"path/filepath"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// Files lists the files of a component's folder, which is relative to the app
// file's, without what is ignored, and what links lead to in their places, where
// that is not ignored itself. One
// that holds no file is an error. Leave may be nil.
func Files(ctx context.Context, root, folder string, patterns []string, leave Leave) ([]File, error) {
	folder = filepath.FromSlash(folder)
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(root, folder)
	}
	left, err := ignore.For(root, folder, patterns)
	if err != nil {
		return nil, err
	}
	inPlace, err := ignore.InPlace(root, folder, patterns)
	if err != nil {
		return nil, err
	}
	files, err := Walk(ctx, folder, Options{Ignore: left, InPlace: inPlace, Follow: true, Leave: leave})
	if err == nil && len(files) == 0 {
		err = fault.Hint(fault.New(fault.Invalid, "%s holds no file to pack", folder), "build it first, or look at %s", ignore.File)
	}
	return files, err
}
