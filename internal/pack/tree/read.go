package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// IsDir reports whether f is a folder.
func (f File) IsDir() bool { return f.Mode.IsDir() }

// Stat describes one file that is packed by itself; a link is followed.
func Stat(at, p string) (File, error) {
	info, err := os.Stat(at)
	if err != nil {
		return File{}, notThere(at, err)
	}
	if err := regular.Check(at, info); err != nil {
		return File{}, err
	}
	return File{Path: p, Mode: info.Mode(), Size: info.Size(), at: at, info: info}, nil
}

// Open reads the content. When the file is no longer, or does not stay, what it
// was when it was listed, reading ends in an error that names it.
func (f File) Open() (io.ReadCloser, error) {
	file, err := regular.Open(f.at)
	if err != nil {
		return nil, err
	}
	r := &reader{file: file, want: f}
	if now, err := file.Stat(); err != nil || !same(f.info, now) {
		file.Close()
		return nil, errors.Join(r.changed(), err)
	}
	return r, nil
}

type reader struct {
	file *os.File
	want File
	n    int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.file.Read(p)
	r.n += int64(n)
	if r.n > r.want.Size {
		return n, r.changed()
	}
	if err == io.EOF {
		if problem := r.unchanged(); problem != nil {
			return n, problem
		}
		if r.n != r.want.Size {
			return n, r.changed()
		}
	}
	return n, err
}

func (r *reader) Close() error { return r.file.Close() }

// unchanged compares what is there at the end with what was listed.
func (r *reader) unchanged() error {
	now, err := os.Stat(r.want.at)
	if err != nil || !same(r.want.info, now) {
		return errors.Join(r.changed(), err)
	}
	return nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (r *reader) changed() error {
	err := fault.New(fault.Conflict, "%q changed while it was being packed", r.want.Path)
	return fault.Hint(err, "let whatever writes to the folder finish, and pack again")
}
