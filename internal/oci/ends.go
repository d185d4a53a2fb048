package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"falkirk/internal/fault"
)

// From is where an image comes from: a repository of a registry, or a store.
type From interface {
	// Manifest reads a manifest by its digest.
	Manifest(ctx context.Context, digest string) (Manifest, error)
	// Blob opens a blob; a copy checks its bytes.
	Blob(ctx context.Context, digest string) (io.ReadCloser, error)
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

// BlobSink takes blobs.
type BlobSink interface {
	// Lacks says which of the blobs are not there.
	Lacks(ctx context.Context, digests []string) ([]string, error)
	// Upload mounts a blob from another repository of the registry, if one is
	// named and the registry does that, or streams it from open.
	Upload(ctx context.Context, d Descriptor, from string, open func(context.Context) (io.ReadCloser, error)) (mounted bool, err error)
}

// ManifestSink takes manifests.
type ManifestSink interface {
	Manifest(ctx context.Context, reference string) (Manifest, error)
	// Digest is what a tag or digest names; "" if it is not there.
	Digest(ctx context.Context, reference string) (string, error)
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

func (s stock) Blob(ctx context.Context, digest string) (io.ReadCloser, error) {
	return s.blobs.Open(ctx, digest)
}

// sure reads exactly one blob. It gives its last bytes only when all of them are
// those of the digest, so that who sends them on sends no whole wrong blob.
type sure struct {
	ctx  context.Context
	body io.ReadCloser
	hash hash.Hash
	want string
	left int64
	pass func(n int64)
}

func newSure(ctx context.Context, body io.ReadCloser, d Descriptor, pass func(int64)) *sure {
	return &sure{ctx: ctx, body: body, hash: sha256.New(), want: d.Digest.String(), left: d.Size, pass: pass}
}

func (s *sure) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.left == 0 || len(p) == 0 {
		return 0, io.EOF
	}
	n, err := s.body.Read(p[:min(int64(len(p)), s.left)])
	s.hash.Write(p[:n])
	s.left -= int64(n)
	if s.left == 0 {
		if got := "sha256:" + hex.EncodeToString(s.hash.Sum(nil)); got != s.want {
			return 0, fault.New(fault.Internal, "blob %s is damaged where it comes from: its bytes are %s", s.want, got)
		}
		s.pass(int64(n))
		return n, nil
	}
	s.pass(int64(n))
	var known *fault.Error
	if err != nil && !errors.As(err, &known) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		err = fault.New(fault.Unavailable, "read %s: %w", s.want, err)
	}
	return n, err
}

func (s *sure) Close() error { return s.body.Close() }
