package place

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Check is asked right before a name changes; an error leaves everything as it
// is.
type Check = func() error

// Write replaces a JSON file: readers see the old or the new one whole, also
// after a loss of power. Its mode is 0600, as it may hold a secret. Two
// processes do not disturb each other: each has a temporary file of its own.
func Write(path string, v any, checks ...Check) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	temp := Temp(path)
	if err := writeTemp(temp, raw); err != nil {
		return err
	}
	if err := ask(checks); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(filepath.Dir(path))
}

// Rename gives a temporary file its name, and deletes what killed processes
// left beside it. A former holder whose file goes so can no longer rename it.
func Rename(temp, path string) error {
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	left, err := filepath.Glob(escape(path) + ".*" + tempSuffix)
	for _, l := range left {
		err = errors.Join(err, Remove(l))
	}
	return err
}

// Temp is the name under which this process writes before it renames.
func Temp(path string) string { return path + "." + strconv.Itoa(os.Getpid()) + tempSuffix }

// IsTemp reports whether a name is one that Temp gives, of any process.
func IsTemp(name string) bool { return strings.HasSuffix(name, tempSuffix) }

const tempSuffix = ".tmp"

func ask(checks []Check) error {
	for _, c := range checks {
		if err := c(); err != nil {
			return err
		}
	}
	return nil
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
func Remove(path string, checks ...Check) error {
	if err := ask(checks); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removed begins the name of a folder that is being deleted.
const removed = ".removed-"

// Discard deletes a folder: it takes its name away first, in one step, so that
// a process that is stopped in the middle deletes nothing that others make
// under that name later. It also deletes what a killed one left beside it.
func Discard(path string, checks ...Check) error {
	if err := ask(checks); err != nil {
		return err
	}
	hidden := filepath.Join(filepath.Dir(path), removed+rand.Text())
	if err := os.Rename(path, hidden); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	left, err := filepath.Glob(filepath.Join(escape(filepath.Dir(path)), removed+"*"))
	for _, l := range left {
		err = errors.Join(err, os.RemoveAll(l))
	}
	return err
}

// escape makes a path one that filepath.Glob takes as it is.
func escape(path string) string {
	if filepath.Separator == '\\' {
		return path // there is no escape character there, and [ is rare
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
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
