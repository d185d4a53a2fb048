package file

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// staged is a file under the staging folder. It is locked while it is open, so
// that the files of processes that are no more can be told and removed.
type staged struct {
	bucket *Bucket
	ctx    context.Context // of Stage: a copy stops with it
	f      *os.File        // nil when the staging has ended
}

// Stage begins an object whose key is not known yet.
func (b *Bucket) Stage(ctx context.Context) (bucket.Staged, error) {
	s, err := b.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("stage an object: %w", err)
	}
	return s, nil
}

func (b *Bucket) begin(ctx context.Context) (*staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, staging)
	b.Tidy()
	for {
		f, err := os.OpenFile(filepath.Join(dir, rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrNotExist) {
			if err = mkdir(dir); err == nil {
				continue
			}
		}
		if err != nil {
			return nil, explain(err)
		}
		if hold(f) {
			return &staged{bucket: b, ctx: ctx, f: f}, nil
		}
		_ = f.Close() // swept between its making and its locking
	}
}

// Write adds to the object.
func (s *staged) Write(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.f == nil {
		return 0, fs.ErrClosed
	}
	n, err := s.f.Write(p)
	return n, explain(err)
}

// Commit gives the object its key; one that exists there stays.
func (s *staged) Commit(ctx context.Context, key string) error {
	defer s.Discard()
	path, err := s.bucket.path(key)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil && s.f != nil {
		return nil
	}
	return s.finish(ctx, key, func() error {
		err := s.place(path, os.Link)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	})
}

// Replace gives the object its key, in the place of one that exists.
func (s *staged) Replace(ctx context.Context, key string) error {
	defer s.Discard()
	path, err := s.bucket.path(key)
	if err != nil {
		return err
	}
	return s.finish(ctx, key, func() error { return s.place(path, os.Rename) })
}

// Discard drops what was written, unless it has got its key.
func (s *staged) Discard() {
	if s.f == nil {
		return
	}
	// What cannot be removed here, the next sweep removes.
	_ = os.Remove(s.f.Name())
	_ = s.f.Close()
	_ = os.Remove(s.f.Name()) // where open files cannot be removed
	s.f = nil
}

// finish makes the content durable and has it placed.
func (s *staged) finish(ctx context.Context, key string, place func() error) error {
	err := ctx.Err()
	switch {
	case err != nil:
	case s.f == nil:
		err = fs.ErrClosed
	default:
		err = s.f.Sync()
	}
	if err == nil {
		err = fence.Check(ctx)
	}
	if err == nil {
		if err = place(); !fault.Is(err, fault.Conflict) {
			fault.Wrote(ctx)
		}
	}
	if err != nil {
		return explain(fmt.Errorf("write object %s: %w", key, err))
	}
	return nil
}

// place gives the file its name, by link or rename, and makes the name durable.
func (s *staged) place(path string, move func(from, to string) error) error {
	if closeFirst {
		if err := s.f.Close(); err != nil {
			return err
		}
	}
	err := move(s.f.Name(), path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = mkdir(filepath.Dir(path)); err == nil {
			err = move(s.f.Name(), path)
		}
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// mkdir makes a folder and those above it, each durable in the one above.
func mkdir(dir string) error {
	err := os.Mkdir(dir, 0o777)
	above := filepath.Dir(dir)
	if errors.Is(err, fs.ErrNotExist) && above != dir {
		if err = mkdir(above); err == nil {
			err = os.Mkdir(dir, 0o777)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(above)
}

// Tidy removes what killed writers have left behind. The first write does so by
// itself; one who finds nothing to write may call it.
func (b *Bucket) Tidy() {
	b.swept.Do(func() { sweep(filepath.Join(b.dir, staging)) })
}

// sweep removes what writers that are no more have left. What cannot be told
// or removed stays: it is in nobody's way.
func sweep(dir string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, d := range files {
		if d.Type().IsRegular() {
			removeStale(filepath.Join(dir, d.Name()))
		}
	}
}
