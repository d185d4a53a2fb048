package regular

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"falkirk/internal/fault"
)

// Write writes a whole file, or none: what was there stays until everything is
// written.
func Write(path string, mode os.FileMode, from io.Reader) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".falkirk-*")
	if err != nil {
		return fault.New(fault.Invalid, "write %s: %w", path, err)
	}
	_, err = io.Copy(tmp, from)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(tmp.Name()))
	}
	return nil
}
