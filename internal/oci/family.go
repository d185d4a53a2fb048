package oci

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
)

// family is a manifest and what it leads to.
type family struct {
	manifests []Manifest // each after those that it lists, the root last
	blobs     []Descriptor
}

func (t family) root() Manifest { return t.manifests[len(t.manifests)-1] }

func (j *transfer) family(ctx context.Context, digest string, depth int) (family, error) {
	m, err := j.from.Manifest(ctx, digest)
	if err != nil {
		return family{}, err
	}
	return j.grow(ctx, m, depth)
}

// grow reads what a manifest leads to.
func (j *transfer) grow(ctx context.Context, m Manifest, depth int) (family, error) {
	var t family
	if depth > maxDepth {
		return t, fault.New(fault.Invalid, "indexes inside of indexes, more than %d deep", maxDepth)
	}
	parsed, err := parseManifest(m.Raw, m.Digest)
	if err != nil {
		return t, err
	}
	var inner []string
	for _, d := range parsed.Manifests {
		switch {
		case j.seen[d.Digest.String()]:
		case d.MediaType.IsIndex() || d.MediaType.IsImage():
			inner = append(inner, d.Digest.String())
		default:
			t.blobs = j.leaf(t.blobs, d)
		}
	}
	children, err := j.read(ctx, inner)
	if err != nil {
		return t, err
	}
	for _, child := range children {
		if j.seen[child.Digest] {
			continue // listed twice
		}
		more, err := j.grow(ctx, child, depth+1)
		if err != nil {
			return t, err
		}
		t.manifests, t.blobs = append(t.manifests, more.manifests...), append(t.blobs, more.blobs...)
	}
	if parsed.Config != nil {
		t.blobs = j.leaf(t.blobs, *parsed.Config)
	}
	for _, d := range parsed.Layers {
		if len(d.URLs) == 0 { // else it is fetched from there, and not from a registry
			t.blobs = j.leaf(t.blobs, d)
		}
	}
	j.seen[m.Digest] = true
	t.manifests = append(t.manifests, m)
	return t, nil
}

func (j *transfer) leaf(list []Descriptor, d Descriptor) []Descriptor {
	if j.seen[d.Digest.String()] {
		return list
	}
	j.seen[d.Digest.String()] = true
	return append(list, d)
}

// read reads manifests side by side, or with one request where that goes.
func (j *transfer) read(ctx context.Context, digests []string) ([]Manifest, error) {
	all := make([]Manifest, len(digests))
	if batch, ok := j.from.(Batch); ok && len(digests) > 1 {
		found, err := batch.Manifests(ctx, digests)
		if err != nil {
			return nil, err
		}
		for i, d := range digests {
			if all[i], ok = found[d]; !ok {
				return nil, fault.New(fault.NotFound, "%s is listed, and it is not there", d)
			}
		}
		return all, nil
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(width)
	for i, d := range digests {
		group.Go(func() error {
			m, err := j.from.Manifest(ctx, d)
			mu.Lock()
			defer mu.Unlock()
			all[i] = m
			return err
		})
	}
	return all, group.Wait()
}
