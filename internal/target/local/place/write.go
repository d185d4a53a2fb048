package place

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Write replaces a JSON file: readers see the old or the new one whole, also
// after a loss of power. Its mode is 0600, as it may hold a secret.
func Write(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	temp := path + ".tmp" // one writer at a time; what a killed one left is overwritten
	if err := writeTemp(temp, raw); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(filepath.Dir(path))
}

// Create writes a JSON file that must not exist, whole or not at all; the
// error is fs.ErrExist when it does.
func Create(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	temp := path + "." + strconv.Itoa(os.Getpid())
	if err := writeTemp(temp, raw); err != nil {
		return err
	}
	return errors.Join(os.Link(temp, path), os.Remove(temp))
}

// Remove deletes a file; one that is not there is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func writeTemp(temp string, raw []byte) error {
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return nil
}
