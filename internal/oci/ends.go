package oci

import (
	"context"
	"fmt"
	"io"
)

// From is where an image comes from: a repository of a registry, or a store.
type From interface {
	// Manifest reads a manifest by its digest.
	Manifest(ctx context.Context, digest string) (Manifest, error)
	// Blob opens a blob at an offset; a copy checks its bytes.
	Blob(ctx context.Context, digest string, offset int64) (io.ReadCloser, error)
}

// Batch is a From that reads many manifests with one request. Those that are not
// there are left out.
type Batch interface {
	Manifests(ctx context.Context, digests []string) (map[string]Manifest, error)
}

// Related is a From that knows what refers to an image: signatures,
// attestations, bills of materials.
type Related interface {
	// Referrers lists what has a manifest as its subject; false where the
	// registry cannot tell, and a tag does (OCI 1.1, "referrers tag schema").
	Referrers(ctx context.Context, digest string) ([]Descriptor, bool, error)
	Tags(ctx context.Context) ([]string, error)
}

// Repository is where blobs of an image go.
type Repository interface {
	Registry() string
	Name() string
}

// How is how a blob came into a repository.
type How int

// It was there, it was mounted from another repository, or it was sent.
const (
	There How = iota
	Mounted
	Uploaded
)

// BlobSink takes blobs.
type BlobSink interface {
	// Lacks says which of the blobs are to be uploaded. Among them are those that
	// are too small to be worth a question: Upload finds them.
	Lacks(ctx context.Context, blobs []Descriptor) ([]Descriptor, error)
	// Upload brings a blob that is not there: mounted from another repository of
	// the registry, if one is named and the registry does that, or streamed from
	// open.
	Upload(ctx context.Context, d Descriptor, from string, open func(context.Context) (*Stream, error)) (How, error)
}

// ManifestSink takes manifests.
type ManifestSink interface {
	Manifest(ctx context.Context, reference string) (Manifest, error)
	// Digest is what a tag or digest names; "" if it is not there.
	Digest(ctx context.Context, reference string) (string, error)
	// Holds says which of the manifests are there, by digest.
	Holds(ctx context.Context, digests []string) (map[string]bool, error)
	// Put writes a manifest under a tag or its digest; linked says that the
	// registry will list it as a referrer of its subject.
	Put(ctx context.Context, m Manifest, reference string) (linked bool, err error)
}

// To is a repository that an image goes to.
type To interface {
	Repository
	BlobSink
	ManifestSink
}

// Stock makes a From of a store of blobs.
func Stock(b Blobs) From { return stock{b} }

type stock struct{ blobs Blobs }

func (s stock) Manifest(ctx context.Context, digest string) (Manifest, error) {
	raw, err := readBlob(ctx, s.blobs, digest, maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	return NewManifest(raw, "")
}

func (s stock) Blob(ctx context.Context, digest string, offset int64) (io.ReadCloser, error) {
	body, err := s.blobs.Open(ctx, digest)
	if err != nil || offset == 0 {
		return body, err
	}
	if _, err := io.CopyN(io.Discard, body, offset); err != nil {
		_ = body.Close() // its end is told already
		return nil, fmt.Errorf("read %s from byte %d: %w", digest, offset, err)
	}
	return body, nil
}
