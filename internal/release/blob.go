package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"falkirk/internal/bucket"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Blob is a blob being written: its digest is known at the end. It is an alias
// so that packages which write blobs can declare the same interface themselves.
type Blob = interface {
	io.Writer
	// Commit ends the writing; a blob that the store has already is not stored
	// again, unless it is damaged.
	Commit(ctx context.Context) (digest string, size int64, err error)
	// Discard drops what was written. After Commit it does nothing.
	Discard()
}

// blobKey is the key of a blob; a digest that is not one is fault.Invalid.
func blobKey(digest string) (string, error) {
	if !ValidDigest(digest) {
		return "", fault.New(fault.Invalid, "%q is not a digest", digest)
	}
	return "blobs/sha256/" + digest[len("sha256:"):], nil
}

// Open reads a blob. The reader gives an error instead of io.EOF when the bytes
// are not those that the digest names. Blobs are never removed, so one that is
// missing is fault.Tampered too.
func (s *Store) Open(ctx context.Context, digest string) (io.ReadCloser, error) {
	key, err := blobKey(digest)
	if err != nil {
		return nil, err
	}
	body, _, err := s.bucket.Get(ctx, key)
	if fault.Is(err, fault.NotFound) {
		err := fault.New(fault.Tampered, "blob %s is missing from the store", digest)
		return nil, fault.Hint(err, "falkirk verify --blobs names the releases that need it; falkirk pack of the same content writes it again")
	}
	if err != nil {
		return nil, wrap(err, "read blob %s", digest)
	}
	return &verified{body: body, hash: sha256.New(), want: digest}, nil
}

// Has reports whether the store holds a blob.
func (s *Store) Has(ctx context.Context, digest string) (bool, error) {
	key, err := blobKey(digest)
	if err != nil {
		return false, err
	}
	err = s.stat(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, wrap(err, "look for blob %s", digest)
	}
	damaged, err := s.isDamaged(ctx, digest)
	return err == nil && !damaged, err
}

// stat asks without reading where the bucket can.
func (s *Store) stat(ctx context.Context, key string) error {
	type stater interface {
		Stat(ctx context.Context, key string) (bucket.Info, error)
	}
	if b, ok := s.bucket.(stater); ok {
		_, err := b.Stat(ctx, key)
		return err
	}
	body, _, err := s.bucket.Get(ctx, key)
	if err != nil {
		return err
	}
	return body.Close()
}

// Write begins a blob whose digest is not known yet.
func (s *Store) Write(ctx context.Context) (Blob, error) {
	staged, err := s.bucket.Stage(ctx)
	if err != nil {
		return nil, wrap(err, "begin a blob")
	}
	return &writer{store: s, staged: staged, hash: sha256.New()}, nil
}

// small is what is written without asking first whether it is there.
const small = 16 << 10

// WriteBytes stores a small blob, unless it is there.
func (s *Store) WriteBytes(ctx context.Context, data []byte) (digest string, err error) {
	digest = Digest(data)
	if len(data) > small { // a few bytes are sent sooner than asked for
		if has, err := s.Has(ctx, digest); has || err != nil {
			return digest, err
		}
	}
	key, err := blobKey(digest)
	if err != nil {
		return "", err
	}
	err = s.bucket.Create(ctx, key, bytes.NewReader(data))
	if fault.Is(err, fault.Conflict) {
		var damaged bool
		if damaged, err = s.isDamaged(ctx, digest); damaged && err == nil {
			err = s.replaced(key, s.bucket.Put(ctx, key, bytes.NewReader(data)))
		}
	}
	return digest, wrap(err, "write blob %s", digest)
}

// Site reads and checks a site manifest.
func (s *Store) Site(ctx context.Context, digest string) (delivery.Site, error) {
	body, err := s.Open(ctx, digest)
	if err != nil {
		return delivery.Site{}, err
	}
	defer body.Close()
	raw, err := readAll(body, maxSite)
	if err != nil {
		return delivery.Site{}, wrap(err, "read site manifest %s", digest)
	}
	site, err := DecodeSite(raw)
	return site, wrap(err, "read site manifest %s", digest)
}

type writer struct {
	store  *Store
	staged bucket.Staged
	hash   hash.Hash
	size   int64
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.staged.Write(p)
	w.hash.Write(p[:n])
	w.size += int64(n)
	return n, err
}

func (w *writer) Commit(ctx context.Context) (string, int64, error) {
	digest := sum(w.hash)
	key, err := blobKey(digest)
	if err != nil {
		return "", 0, err
	}
	commit := w.staged.Commit
	damaged, err := w.store.isDamaged(ctx, digest)
	if err != nil {
		return "", 0, err
	}
	if damaged {
		commit = func(ctx context.Context, key string) error { return w.store.replaced(key, w.staged.Replace(ctx, key)) }
	}
	if err := commit(ctx, key); err != nil {
		return "", 0, wrap(err, "write blob %s", digest)
	}
	return digest, w.size, nil
}

func (w *writer) Discard() { w.staged.Discard() }

type verified struct {
	body io.ReadCloser
	hash hash.Hash
	want string
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.body.Read(p)
	v.hash.Write(p[:n])
	if err == io.EOF {
		if got := sum(v.hash); got != v.want {
			err := fault.New(fault.Tampered, "blob %s is damaged: its bytes are %s", v.want, got)
			return n, fault.Hint(err, "falkirk verify --blobs names the releases that need it; falkirk pack of the same content writes it again")
		}
	}
	return n, err
}

func (v *verified) Close() error { return v.body.Close() }

func sum(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

// Digest is the digest of data.
func Digest(data []byte) string {
	d := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(d[:])
}

// readAll reads at most limit bytes; more is an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(raw)) > limit {
		return nil, fault.New(fault.Tampered, "larger than %d bytes", limit)
	}
	return raw, err
}
