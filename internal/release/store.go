// Package release is the store of releases: manifests that are written once and
// the blobs they lead to, by digest. It packs nothing and deploys nothing.
package release

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"runtime"

	"falkirk/internal/bucket"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Bucket is what the store needs of a bucket.Bucket.
type Bucket interface {
	Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error)
	Create(ctx context.Context, key string, r io.Reader) error
	Put(ctx context.Context, key string, r io.Reader) error
	Stage(ctx context.Context) (bucket.Staged, error)
	List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Info, error]
}

// Store keeps releases and blobs in a bucket. It may be used from many
// goroutines and many processes.
type Store struct {
	bucket Bucket
	marks  marks
}

// New makes a store over b.
func New(b Bucket) *Store { return &Store{bucket: b} }

// Parallel is how many blobs are best written at once.
func (s *Store) Parallel() int {
	if b, ok := s.bucket.(interface{ Parallel() int }); ok {
		return b.Parallel()
	}
	return runtime.GOMAXPROCS(0)
}

// Where is the place of a blob in S3, for copies on the server's side; false
// where the store is not there.
func (s *Store) Where(digest string) (bucket, key string, ok bool) {
	b, in := s.bucket.(interface {
		Locate(key string) (bucket, full string)
	})
	path, err := blobKey(digest)
	if !in || err != nil {
		return "", "", false
	}
	bucket, key = b.Locate(path)
	return bucket, key, true
}

func manifestKey(app, version string) string { return "releases/" + app + "/" + version + ".json" }

// Add writes the manifest of r unless its version is taken. The same content
// again is no change: the answer is the stored release and false. Other content
// is fault.Conflict, and nothing is overwritten.
func (s *Store) Add(ctx context.Context, r delivery.Release) (stored delivery.Release, added bool, err error) {
	if err := check(r); err != nil {
		return delivery.Release{}, false, err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return delivery.Release{}, false, err
	}
	err = s.bucket.Create(ctx, manifestKey(r.App, r.Version), bytes.NewReader(append(raw, '\n')))
	if err == nil {
		return r, true, nil
	}
	if !fault.Is(err, fault.Conflict) {
		return delivery.Release{}, false, wrap(err, "write release %s of %s", r.Version, r.App)
	}
	old, err := s.Get(ctx, r.App, r.Version)
	if err != nil {
		return delivery.Release{}, false, err
	}
	if err := Compare(old, r); err != nil {
		return delivery.Release{}, false, err
	}
	return old, false, nil
}

// Get reads the manifest of one release.
func (s *Store) Get(ctx context.Context, app, version string) (delivery.Release, error) {
	if err := checkNames(app, version); err != nil {
		return delivery.Release{}, err
	}
	r, err := s.read(ctx, manifestKey(app, version))
	if fault.Is(err, fault.NotFound) {
		return delivery.Release{}, s.missing(ctx, app, version)
	}
	if err != nil {
		return delivery.Release{}, err
	}
	if r.App != app || r.Version != version {
		return delivery.Release{}, fault.New(fault.Tampered,
			"%s holds release %s of %s", manifestKey(app, version), r.Version, r.App)
	}
	return r, nil
}

// maxManifest is far above what a release can hold and far below what hurts.
const maxManifest = 16 << 20

func (s *Store) read(ctx context.Context, key string) (delivery.Release, error) {
	body, _, err := s.bucket.Get(ctx, key)
	if err != nil {
		return delivery.Release{}, wrap(err, "read %s", key)
	}
	defer body.Close()
	raw, err := readAll(body, maxManifest)
	if err != nil {
		return delivery.Release{}, wrap(err, "read %s", key)
	}
	r, err := Decode(raw)
	return r, wrap(err, "read %s", key)
}
