// Package file keeps a bucket in a folder, one file for each object. It does
// not follow what others change in that folder by hand.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// Bucket is a bucket in a folder. Objects are written under a hidden folder of
// it and get their names whole; many processes may share it.
type Bucket struct {
	dir   string
	swept sync.Once
}

var _ bucket.Bucket = (*Bucket)(nil)

// staging is the folder of what is being written.
const staging = ".staging"

// New is the bucket in dir, which is made when something is written.
func New(dir string) *Bucket { return &Bucket{dir: dir} }

// ReadsAreCheap says that reading an object costs about what looking at it does.
func (b *Bucket) ReadsAreCheap() bool { return true }

// Get opens an object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	path, err := b.path(key)
	if err != nil {
		return nil, bucket.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, bucket.Info{}, fmt.Errorf("read object %s: %w", key, err)
	}
	f, err := open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, bucket.Info{}, b.missing(key)
	}
	if err != nil {
		return nil, bucket.Info{}, explain(fmt.Errorf("read object %s: %w", key, err))
	}
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, bucket.Info{}, errors.Join(explain(fmt.Errorf("read object %s: %w", key, err)), f.Close())
	case st.IsDir():
		return nil, bucket.Info{}, errors.Join(b.missing(key), f.Close())
	case !st.Mode().IsRegular():
		err := fault.New(fault.Tampered, "read object %s: %s is not a regular file", key, path)
		return nil, bucket.Info{}, errors.Join(err, f.Close())
	}
	return f, bucket.Info{Key: key, Size: st.Size(), Modified: st.ModTime()}, nil
}

// Create writes an object that must not exist.
func (b *Bucket) Create(ctx context.Context, key string, r io.Reader) error {
	path, err := b.path(key)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return b.taken(key)
	}
	s, err := b.stage(ctx, key, r)
	if err != nil {
		return err
	}
	defer s.Discard()
	return s.finish(ctx, key, func() error {
		err := s.place(path, os.Link)
		if errors.Is(err, fs.ErrExist) {
			return b.taken(key)
		}
		return err
	})
}

// Put writes an object, in the place of one that exists.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) error {
	path, err := b.path(key)
	if err != nil {
		return err
	}
	s, err := b.stage(ctx, key, r)
	if err != nil {
		return err
	}
	defer s.Discard()
	return s.finish(ctx, key, func() error { return s.place(path, os.Rename) })
}

// Delete removes an object; removing one that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	path, err := b.path(key)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete object %s: %w", key, err)
	}
	// os.Remove would take an empty folder too, which is no object.
	if st, err := os.Lstat(path); err == nil && st.IsDir() {
		return nil
	}
	if err := fence.Check(ctx); err != nil {
		return fmt.Errorf("delete object %s: %w", key, err)
	}
	err = os.Remove(path)
	if err == nil {
		fault.Wrote(ctx)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return explain(fmt.Errorf("delete object %s: %w", key, err))
}

// stage writes all of r to a staged object.
func (b *Bucket) stage(ctx context.Context, key string, r io.Reader) (*staged, error) {
	s, err := b.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("write object %s: %w", key, err)
	}
	if _, err := io.Copy(s, r); err != nil {
		s.Discard()
		return nil, fmt.Errorf("write object %s: %w", key, err)
	}
	return s, nil
}

// path is the file of a key.
func (b *Bucket) path(key string) (string, error) {
	if err := bucket.CheckKey(key); err != nil {
		return "", err
	}
	local, err := filepath.Localize(key)
	first, _, _ := strings.Cut(key, "/")
	if err != nil || strings.EqualFold(first, staging) {
		return "", fault.New(fault.Invalid, "%.80q is not a key of a bucket: the name is reserved", key)
	}
	return filepath.Join(b.dir, local), nil
}

func (b *Bucket) missing(key string) error {
	return fault.New(fault.NotFound, "no object %s in %s", key, b.dir)
}

func (b *Bucket) taken(key string) error {
	return fault.New(fault.Conflict, "the object %s is in %s already", key, b.dir)
}

// explain adds the way out where the system's error has one; the error names
// the path.
func explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.Hint(err, "check who owns the store's folder and who may write there")
	case errors.Is(err, syscall.ENOSPC):
		return fault.Hint(err, "free some space and repeat")
	}
	return err
}
