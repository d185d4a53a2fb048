//go:build unix

package file

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// closeFirst: an open file can be linked and renamed here.
const closeFirst = false

// open opens a file to read. A named pipe is opened at once, also without a writer.
func open(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) }

// hold locks a new staged file; false when a sweep was faster and removed it.
// A file system without locks gets none, and a sweep then goes by age.
func hold(f *os.File) bool {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return false
	}
	_, err := os.Lstat(f.Name())
	return !errors.Is(err, fs.ErrNotExist)
}

// staleAge is when a staged file goes that cannot be locked.
const staleAge = 24 * time.Hour

// removeStale removes a staged file if its writer is gone: the system drops a
// process's locks with it.
func removeStale(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		return
	case err != nil:
		if st, err := f.Stat(); err != nil || time.Since(st.ModTime()) < staleAge {
			return
		}
	}
	_ = os.Remove(path)
}

// syncDir makes the names in a folder durable, where the file system can.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}
