package version

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"falkirk/internal/regular"
)

// hashUntracked adds the content of files that git does not know yet; status is
// the answer of git status --porcelain=v1 -z.
func hashUntracked(w io.Writer, top string, status []byte) error {
	for entry := range bytes.SplitSeq(status, []byte{0}) {
		name, ok := bytes.CutPrefix(entry, []byte("?? "))
		if !ok {
			continue
		}
		if err := hashFile(w, filepath.Join(top, filepath.FromSlash(string(name)))); err != nil {
			return fmt.Errorf("read what git does not know yet: %w", err)
		}
	}
	return nil
}

func hashFile(w io.Writer, at string) error {
	info, err := os.Lstat(at)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%q %d\n", filepath.Base(at), info.Size()); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil // a link or a nested repository: its name and size must do
	}
	f, err := regular.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
