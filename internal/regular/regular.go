// Package regular opens files that a user names. A named pipe, a socket, a device
// or a folder is refused at once: opening or reading one could wait without end.
package regular

import (
	"io"
	"io/fs"
	"os"

	"falkirk/internal/fault"
)

// Open opens a regular file, or what a link to one leads to.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path) // before it is opened: opening a device can change it
	if err != nil {
		return nil, err
	}
	if err := Check(path, info); err != nil {
		return nil, err
	}
	return opened(os.OpenFile(path, os.O_RDONLY|noWait, 0))
}

// OpenIn opens a regular file below a root.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := Check(name, info); err != nil {
		return nil, err
	}
	return opened(root.OpenFile(name, os.O_RDONLY|noWait, 0))
}

// opened checks again what was opened: another process may have replaced it.
func opened(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = Check(f.Name(), info)
	}
	if err != nil {
		_ = f.Close() // nothing was read
		return nil, err
	}
	return f, nil
}

// Read reads a regular file of at most so many bytes; name is what messages call
// it.
func Read(path, name string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = Check(name, info)
	}
	if err != nil {
		return nil, err
	}
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		return nil, fault.New(fault.Invalid, "%s has more than %d bytes", name, most)
	}
	return raw, err
}

// Check refuses what is no regular file, and says what it is.
func Check(path string, info fs.FileInfo) error {
	what := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		what = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	default:
		what = "a special file"
	}
	return fault.New(fault.Invalid, "%s is %s, and not a regular file", path, what)
}
