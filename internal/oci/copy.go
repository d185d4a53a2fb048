package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
)

// Blob is a blob being written; its digest is known at the end.
type Blob = interface {
	io.Writer
	Commit(ctx context.Context) (digest string, size int64, err error)
	Discard()
}

// Sink takes the blobs of an image.
type Sink interface {
	Has(ctx context.Context, digest string) (bool, error)
	Write(ctx context.Context) (Blob, error)
}

// Stored is an image or an index that a sink holds whole.
type Stored struct {
	Digest    string // of the manifest or index
	MediaType string
	Size      int64 // of all blobs, each counted once
	Count     int   // layers, each counted once
}

// parallel bounds the blobs copied at once.
const parallel = 4

// Copy brings an image or an index with all its platforms from src to dst, byte
// for byte. What dst has already is not read. Manifests come after what they
// refer to, so an interrupted copy leaves no manifest that leads nowhere.
func Copy(ctx context.Context, dst Sink, src Blobs, digest string) (Stored, error) {
	g := &graph{src: src, dst: dst, seen: map[string]bool{}}
	m, err := g.walk(ctx, digest, 0)
	if err != nil {
		return Stored{}, fmt.Errorf("copy image %s: %w", digest, err)
	}
	if err := g.blobs(ctx); err != nil {
		return Stored{}, fmt.Errorf("copy image %s: %w", digest, err)
	}
	if err := g.writeManifests(ctx); err != nil {
		return Stored{}, fmt.Errorf("copy image %s: %w", digest, err)
	}
	return Stored{Digest: digest, MediaType: mediaType(m), Size: g.size, Count: g.layers}, nil
}

// graph is what one image leads to.
type graph struct {
	src       Blobs
	dst       Sink
	seen      map[string]bool
	leaves    []Descriptor // configurations and layers
	manifests []rawManifest
	size      int64
	layers    int
}

type rawManifest struct {
	digest string
	raw    []byte
}

// walk collects what a manifest leads to, itself last.
func (g *graph) walk(ctx context.Context, digest string, depth int) (manifest, error) {
	if depth > maxDepth {
		return manifest{}, fault.New(fault.Invalid, "indexes inside of indexes, more than %d deep", maxDepth)
	}
	m, err := readManifest(ctx, g.src, digest)
	if err != nil {
		return manifest{}, err
	}
	for _, d := range m.Manifests {
		if g.seen[d.Digest.String()] {
			continue
		}
		if !d.MediaType.IsIndex() && !d.MediaType.IsImage() {
			g.leaf(d)
			continue
		}
		if _, err := g.walk(ctx, d.Digest.String(), depth+1); err != nil {
			return manifest{}, err
		}
	}
	if m.Config != nil {
		g.leaf(*m.Config)
	}
	for _, d := range m.Layers {
		if g.leaf(d) {
			g.layers++
		}
	}
	if !g.seen[digest] {
		g.seen[digest] = true
		g.size += int64(len(m.raw))
		g.manifests = append(g.manifests, rawManifest{digest, m.raw})
	}
	return m, nil
}

func (g *graph) leaf(d Descriptor) (isNew bool) {
	if g.seen[d.Digest.String()] {
		return false
	}
	g.seen[d.Digest.String()] = true
	g.size += d.Size
	g.leaves = append(g.leaves, d)
	return true
}

// blobs copies configurations and layers side by side.
func (g *graph) blobs(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, d := range g.leaves {
		group.Go(func() error { return copyBlob(ctx, g.dst, g.src, d) })
	}
	return group.Wait()
}

// writeManifests writes them in an order in which each comes after its own.
func (g *graph) writeManifests(ctx context.Context) error {
	for _, m := range g.manifests {
		has, err := g.dst.Has(ctx, m.digest)
		if err == nil && !has {
			err = writeBlob(ctx, g.dst, bytes.NewReader(m.raw), m.digest, int64(len(m.raw)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyBlob copies a blob, unless it is there.
func copyBlob(ctx context.Context, dst Sink, src Blobs, d Descriptor) error {
	digest := d.Digest.String()
	if has, err := dst.Has(ctx, digest); has || err != nil {
		return err
	}
	body, err := open(ctx, src, digest)
	if err != nil {
		return err
	}
	defer body.Close()
	return writeBlob(ctx, dst, body, digest, d.Size)
}

// writeBlob writes a blob whose digest and size are known.
func writeBlob(ctx context.Context, dst Sink, r io.Reader, digest string, size int64) error {
	w, err := dst.Write(ctx)
	if err != nil {
		return err
	}
	defer w.Discard()
	n, err := io.Copy(w, io.LimitReader(r, size+1)) // one more, to reach the check at the end
	if err != nil {
		return fmt.Errorf("copy %s: %w", digest, err)
	}
	if n != size {
		return fault.New(fault.Invalid, "copy %s: it should have %d bytes and has %d or more", digest, size, n)
	}
	got, _, err := w.Commit(ctx)
	if err != nil {
		return err
	}
	if got != digest {
		return fault.New(fault.Internal, "copy %s: its bytes are %s", digest, got)
	}
	return nil
}

func mediaType(m manifest) string {
	switch {
	case m.MediaType != "":
		return m.MediaType
	case m.isIndex():
		return "application/vnd.oci.image.index.v1+json"
	}
	return "application/vnd.oci.image.manifest.v1+json"
}
