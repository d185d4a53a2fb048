package place_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"falkirk/internal/target/local/place"
)

var errLost = errors.New("no longer held")

func lost() error { return errLost }

func TestNothingChangesAfterTheCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, folder := filepath.Join(dir, "live.json"), filepath.Join(dir, "1.0")
	if err := errors.Join(place.Write(file, 1), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"write": place.Write(file, 2, lost), "remove": place.Remove(file, lost), "discard": place.Discard(folder, lost),
	} {
		if !errors.Is(err, errLost) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var n int
	if _, err := place.Read(file, &n); err != nil || n != 1 {
		t.Errorf("the file says %d, %v", n, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

// A process that is stopped while it deletes must not delete what others make
// under the same name meanwhile.
func TestADiscardedNameIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "odd [name]")
	folder := filepath.Join(dir, "1.0")
	if err := os.MkdirAll(filepath.Join(folder, "old"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".removed-left"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := place.Discard(folder); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	if err := place.Discard(folder); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestTheNextWriteRemovesWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "live.json")
	left, other := file+".1234567.tmp", filepath.Join(dir, "port.json.1234567.tmp")
	if err := errors.Join(os.WriteFile(left, nil, 0o600), os.WriteFile(other, nil, 0o600), place.Write(file, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("that of another file is gone: %v", err)
	}
}
