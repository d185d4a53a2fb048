package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"falkirk/internal/fault"
)

// Write makes the file at path; one that is there is never touched.
func Write(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		err := fault.New(fault.Refused, "%s is there already and is left as it is", path)
		return fault.Hint(err, "see what would be written with: falkirk init --dry-run")
	}
	if err != nil {
		return fmt.Errorf("make the app file %s: %w", path, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		// Half a file would be refused the next time.
		return errors.Join(fmt.Errorf("write the app file %s: %w", path, err), os.Remove(path))
	}
	return nil
}
