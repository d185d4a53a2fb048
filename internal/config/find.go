package config

import (
	"fmt"
	"os"
	"path/filepath"

	"falkirk/internal/fault"
)

// Find looks for falkirk.yml in dir and the folders above it. The path is
// relative where dir is, so that messages stay short.
func Find(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", FileName, err)
	}
	for up, at := dir, abs; ; {
		path := filepath.Join(up, FileName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			err := fault.New(fault.NotFound, "no %s in %s or above it", FileName, abs)
			return "", fault.Hint(err, "make one with: falkirk init")
		}
		up, at = filepath.Join(up, ".."), parent
	}
}
