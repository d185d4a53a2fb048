// Package split is a bucket that is written under several roles: each key is
// written by whose it is, and everything is read by one of them.
package split

import (
	"context"
	"io"
	"iter"
	"sync"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// Open opens the bucket under one role. It is fault.Refused where the role may
// not be taken.
type Open func(ctx context.Context) (bucket.Bucket, error)

// Where tells what is known of the bucket without a role.
type Where interface {
	Locate(key string) (name, full string)
	Parallel() int
}

// Bucket deals requests to roles. A role is taken when it is needed first.
type Bucket struct {
	Where
	rest   *role // writes what is nobody's
	owners []*role
	owner  func(key string) string // name of the role that writes a key; "" is the rest

	mu     sync.Mutex
	reader bucket.Bucket
}

var _ bucket.Bucket = (*Bucket)(nil)

// Owner is one role that writes keys of its own.
type Owner struct {
	Name string
	Open Open
}

// New makes a bucket. What rest opens writes the keys that are no owner's.
// Everything is read as the first that may be taken: the rest, then the owners in
// their order.
func New(at Where, rest Open, owners []Owner, owner func(key string) string) *Bucket {
	b := &Bucket{Where: at, rest: &role{open: rest}, owner: owner}
	for _, o := range owners {
		b.owners = append(b.owners, &role{name: o.Name, open: o.Open})
	}
	return b
}

// role is the bucket under one role, opened once.
type role struct {
	name string
	open Open

	mu  sync.Mutex
	got bucket.Bucket
}

func (r *role) bucket(ctx context.Context) (bucket.Bucket, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got != nil {
		return r.got, nil
	}
	got, err := r.open(ctx)
	if err == nil {
		r.got = got
	}
	return got, err
}

func (b *Bucket) write(ctx context.Context, key string) (bucket.Bucket, error) {
	name := b.owner(key)
	for _, r := range b.owners {
		if r.name == name {
			return r.bucket(ctx)
		}
	}
	return b.rest.bucket(ctx)
}

// read finds who may read. Who may take none of the roles is told of the first.
func (b *Bucket) read(ctx context.Context) (bucket.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reader != nil {
		return b.reader, nil
	}
	got, err := b.rest.bucket(ctx)
	for _, r := range b.owners {
		if !fault.Is(err, fault.Refused) {
			break
		}
		if other, otherErr := r.bucket(ctx); otherErr == nil {
			got, err = other, nil
		}
	}
	if err == nil {
		b.reader = got
	}
	return got, err
}

// Get is that of bucket.Bucket.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	from, err := b.read(ctx)
	if err != nil {
		return nil, bucket.Info{}, err
	}
	return from.Get(ctx, key)
}

// Stat says what is known of an object without reading it.
func (b *Bucket) Stat(ctx context.Context, key string) (bucket.Info, error) {
	from, err := b.read(ctx)
	if err != nil {
		return bucket.Info{}, err
	}
	if s, ok := from.(interface {
		Stat(ctx context.Context, key string) (bucket.Info, error)
	}); ok {
		return s.Stat(ctx, key)
	}
	r, info, err := from.Get(ctx, key)
	if err != nil {
		return info, err
	}
	return info, r.Close()
}

// List is that of bucket.Bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error] {
	return func(yield func(bucket.Info, error) bool) {
		from, err := b.read(ctx)
		if err != nil {
			yield(bucket.Info{}, err)
			return
		}
		for info, err := range from.List(ctx, prefix, after) {
			if !yield(info, err) {
				return
			}
		}
	}
}

// Create is that of bucket.Bucket.
func (b *Bucket) Create(ctx context.Context, key string, r io.Reader) error {
	to, err := b.write(ctx, key)
	if err != nil {
		return err
	}
	return to.Create(ctx, key, r)
}

// Put is that of bucket.Bucket.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) error {
	to, err := b.write(ctx, key)
	if err != nil {
		return err
	}
	return to.Put(ctx, key, r)
}

// Delete is that of bucket.Bucket.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	to, err := b.write(ctx, key)
	if err != nil {
		return err
	}
	return to.Delete(ctx, key)
}

// Stage is that of bucket.Bucket: what is staged is nobody's.
func (b *Bucket) Stage(ctx context.Context) (bucket.Staged, error) {
	to, err := b.rest.bucket(ctx)
	if err != nil {
		return nil, err
	}
	return to.Stage(ctx)
}
