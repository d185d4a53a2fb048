//go:build unix

package file_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"falkirk/internal/bucket/file"
	"falkirk/internal/fault"
)

// A named pipe in the place of an object holds nobody up, and is not overlooked.
func TestAPipeIsNoObject(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := file.New(dir)
	if _, _, err := b.Get(t.Context(), "pipe"); !fault.Is(err, fault.Tampered) {
		t.Errorf("reading a named pipe says %v", err)
	}
	n := 0
	for info, err := range b.List(t.Context(), "", "") {
		if err != nil || info.Key != "pipe" {
			t.Errorf("listed %+v, %v", info, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d objects are listed, want the pipe", n)
	}
}
