package images

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Workload is repositories of images for some platforms, of three layers each:
// one that all repositories share, one of the repository, and one of the tag.
type Workload struct {
	Prefix       string // of the repositories: "team/"
	Repositories int
	Tags         int // v1 and so on in each; those of a smaller workload are among those of a larger one
	Platforms    int
	Base         int // bytes of a layer that all repositories share
	Middle       int // bytes of a layer that the tags of a repository share
	Top          int // bytes of the layer of a tag
}

// Large is the workload that programs are measured with: 139 MB in 442 blobs and
// 300 manifests, and 354 MB when each repository gets its own base.
func Large() Workload {
	return Workload{Repositories: 20, Tags: 5, Platforms: 2, Base: 5_660_000, Middle: 1_450_000, Top: 346_000}
}

// Small is the same of a size for tests: 3 repositories, 2 tags, 2 platforms.
func Small() Workload {
	return Workload{Repositories: 3, Tags: 2, Platforms: 2, Base: 60_000, Middle: 20_000, Top: 5_000}
}

// Written is what has been written.
type Written struct {
	Tags      map[string]string // digest by "repository:tag"
	Manifests int
	Blobs     map[string]int64 // size by digest, each once
}

// Bytes is the size of all blobs, each once.
func (w Written) Bytes() (n int64) {
	for _, size := range w.Blobs {
		n += size
	}
	return n
}

// Repository is the name of the n-th repository, from 0.
func (w Workload) Repository(n int) string { return fmt.Sprintf("%sservice-%02d", w.Prefix, n) }

// Tag is the name of the n-th tag, from 0.
func (w Workload) Tag(n int) string { return fmt.Sprintf("v%d", n+1) }

// Write writes it; what is there is left as it is.
func (w Workload) Write(ctx context.Context, r Registry) (Written, error) {
	b := &writing{Workload: w, to: r, out: Written{Tags: map[string]string{}, Blobs: map[string]int64{}}}
	for p := range w.Platforms {
		raw, diffID, err := layer(uint64(p), w.Base)
		if err != nil {
			return b.out, err
		}
		b.bases = append(b.bases, base{raw, diffID})
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for n := range w.Repositories {
		group.Go(func() error { return b.repository(ctx, n) })
	}
	return b.out, group.Wait()
}

type base struct {
	raw    []byte
	diffID string
}

// writing is a workload that is being written.
type writing struct {
	Workload
	to    Registry
	bases []base

	mu  sync.Mutex
	out Written
}

func (b *writing) note(d Descriptor, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Blobs[d.Digest] = d.Size
	return err
}

func (b *writing) repository(ctx context.Context, n int) error {
	name := b.Repository(n)
	shared := make([][]part, b.Platforms)
	for p := range b.Platforms {
		d, err := b.to.Blob(ctx, name, OCILayer, b.bases[p].raw)
		if err := b.note(d, err); err != nil {
			return err
		}
		middle, err := b.to.layer(ctx, name, OCILayer, seed(1, n, p, 0), b.Middle)
		if err := b.note(middle.Descriptor, err); err != nil {
			return err
		}
		shared[p] = []part{{d, b.bases[p].diffID}, middle}
	}
	for t := range b.Tags {
		if err := b.tag(ctx, n, t, shared); err != nil {
			return err
		}
	}
	return nil
}

func (b *writing) tag(ctx context.Context, n, t int, shared [][]part) error {
	name, x := b.Repository(n), index{SchemaVersion: 2, MediaType: OCIIndex}
	for p := range b.Platforms {
		top, err := b.to.layer(ctx, name, OCILayer, seed(2, n, p, t), b.Top)
		if err := b.note(top.Descriptor, err); err != nil {
			return err
		}
		layers := []part{shared[p][0], shared[p][1], top}
		m, config, err := b.to.describedImage(ctx, name, "", oci(), platform(p), name+":"+b.Tag(t), layers...)
		if err := b.note(config, err); err != nil {
			return err
		}
		x.Manifests = append(x.Manifests, m)
	}
	d, err := b.to.put(ctx, name, b.Tag(t), OCIIndex, x)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Tags[name+":"+b.Tag(t)] = d.Digest
	b.out.Manifests += 1 + b.Platforms
	return nil
}

// seed is another number for each layer.
func seed(level, repository, platform, tag int) uint64 {
	return uint64(level)<<48 | uint64(repository)<<32 | uint64(platform)<<24 | uint64(tag)
}
