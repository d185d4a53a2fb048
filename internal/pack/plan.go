package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/release"
)

// Preview is what Pack would do.
type Preview struct {
	Release delivery.Release // the one that would be written, or that is there already
	New     bool             // whether it would be written
	Blobs   int              // blobs that the store lacks
	Bytes   int64            // and their bytes
}

// Plan packs everything and writes nothing to the store. It fails where Pack
// would fail, also with fault.Conflict when the version is taken.
func Plan(ctx context.Context, r Request) (Preview, error) {
	if err := r.check(); err != nil {
		return Preview{}, err
	}
	dry := &dryStore{store: r.Store, missing: map[string]int64{}}
	made, err := r.release(ctx, dry)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Release: made, New: true, Blobs: len(dry.missing)}
	for _, size := range dry.missing {
		p.Bytes += size
	}
	old, err := r.Store.Get(ctx, r.App.Name, r.Version)
	switch {
	case fault.Is(err, fault.NotFound):
		return p, nil
	case err != nil:
		return Preview{}, err
	}
	p.Release, p.New = old, false
	return p, release.Compare(old, made)
}

// dryStore asks the real store what it has, and only counts what is written.
type dryStore struct {
	store   Store
	mu      sync.Mutex
	missing map[string]int64
}

func (d *dryStore) Has(ctx context.Context, digest string) (bool, error) {
	d.mu.Lock()
	_, counted := d.missing[digest]
	d.mu.Unlock()
	if counted {
		return true, nil
	}
	return d.store.Has(ctx, digest)
}

func (d *dryStore) Write(context.Context) (Blob, error) {
	return &dryBlob{store: d, hash: sha256.New()}, nil
}

func (d *dryStore) WriteBytes(ctx context.Context, data []byte) (string, error) {
	b := &dryBlob{store: d, hash: sha256.New()}
	if _, err := b.Write(data); err != nil {
		return "", err
	}
	digest, _, err := b.Commit(ctx)
	return digest, err
}

type dryBlob struct {
	store *dryStore
	hash  hash.Hash
	size  int64
}

func (b *dryBlob) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	return b.hash.Write(p)
}

func (b *dryBlob) Commit(ctx context.Context) (string, int64, error) {
	digest := "sha256:" + hex.EncodeToString(b.hash.Sum(nil))
	has, err := b.store.Has(ctx, digest)
	if err == nil && !has {
		b.store.mu.Lock()
		b.store.missing[digest] = b.size
		b.store.mu.Unlock()
	}
	return digest, b.size, err
}

func (b *dryBlob) Discard() {}
