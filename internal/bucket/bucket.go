// Package bucket is the one storage port: objects under keys, created only if
// absent. It knows nothing of releases or ledgers.
package bucket

import (
	"context"
	"io"
	"iter"
	"time"
)

// Info describes one object.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time // by the store's clock
	Read     time.Time // when the store answered, by the same clock; zero where it does not tell
}

// Bucket holds objects under slash-separated keys. A key is clean, relative,
// and has no empty, "." or ".." part; anything else is fault.Invalid. Every
// method may be called from many goroutines and many processes.
type Bucket interface {
	// Get opens an object; fault.NotFound when there is none. The caller closes it.
	Get(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Create writes an object that must not exist; fault.Conflict when it does.
	// It appears whole or not at all, and is durable on return.
	Create(ctx context.Context, key string, r io.Reader) error
	// Put writes an object, in the place of one that exists. Readers see the
	// old or the new one whole.
	Put(ctx context.Context, key string, r io.Reader) error
	// Stage begins an object whose key is not known yet.
	Stage(ctx context.Context) (Staged, error)
	// List yields the objects whose keys begin with prefix and come after the
	// key given, in order of key.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
	// Delete removes an object; removing one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Staged is an object being written before its key is known.
type Staged interface {
	io.Writer
	// Commit gives the object its key; where one exists already under that key
	// that one stays and this one is dropped, without an error. It ends the staging.
	Commit(ctx context.Context, key string) error
	// Replace gives the object its key, in the place of one that exists. It ends
	// the staging.
	Replace(ctx context.Context, key string) error
	// Discard drops what was written. After Commit it does nothing.
	Discard()
}
