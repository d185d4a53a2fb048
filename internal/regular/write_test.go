package regular_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// TestAFileIsWrittenWholeOrNotAtAll: what was there stays, and nothing else remains.
func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "plan.json")
	if err := regular.Write(path, 0o600, strings.NewReader("one")); err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(strings.NewReader("tw"), iotest.ErrReader(errors.New("cut")))
	if err := regular.Write(path, 0o600, broken); err == nil || !strings.Contains(err.Error(), "cut") || !strings.Contains(err.Error(), path) {
		t.Errorf("a source that breaks: %v", err)
	}
	raw, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err != nil || statErr != nil || string(raw) != "one" || info.Mode().Perm() != 0o600 {
		t.Errorf("%q, %v, %v, %v", raw, info.Mode(), err, statErr)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if err := regular.Write(filepath.Join(dir, "none", "p"), 0o600, strings.NewReader("")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
