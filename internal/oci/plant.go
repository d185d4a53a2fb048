package oci

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// plant writes a family, unless its root is there: then so is the rest. With tag
// the root is written under the wish's tag at once, to write it only once.
func (j *transfer) plant(ctx context.Context, f family, tag bool) (tagged bool, err error) {
	root := f.root()
	has, err := j.holds(ctx, f)
	if err != nil {
		return false, err
	}
	err = j.once(ctx, root.Digest, has, func() error {
		if err := j.branches(ctx, f, has); err != nil {
			return err
		}
		if tagged = tag && j.wish.Tag != ""; tagged {
			return j.put(ctx, root, j.wish.Tag)
		}
		return j.put(ctx, root, root.Digest)
	})
	return tagged, err
}

// holds asks which manifests of a family are there. Those that other copies
// write are not asked for, but waited for.
func (j *transfer) holds(ctx context.Context, f family) (map[string]bool, error) {
	var ask []string
	for _, m := range f.manifests {
		if !j.copier.knows(j.to, manifestKey(m.Digest)) {
			ask = append(ask, m.Digest)
		}
	}
	if j.wish.Fresh || len(ask) == 0 {
		return nil, nil //nolint:nilnil // nothing is known to be there
	}
	return j.to.Holds(ctx, ask)
}

// branches writes all of a family but its root: what lists others after them.
func (j *transfer) branches(ctx context.Context, f family, has map[string]bool) error {
	if err := j.blobs(ctx, f.blobs); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(width)
	var indexes []Manifest
	for _, m := range f.manifests[:len(f.manifests)-1] {
		if len(m.Children()) > 0 {
			indexes = append(indexes, m)
			continue
		}
		group.Go(func() error {
			return j.once(inner, m.Digest, has, func() error { return j.put(inner, m, m.Digest) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, m := range indexes {
		if err := j.once(ctx, m.Digest, has, func() error { return j.put(ctx, m, m.Digest) }); err != nil {
			return err
		}
	}
	return nil
}

func manifestKey(digest string) string { return "manifest " + digest }

// once has a manifest written that is not there, by one of those that want it at
// the same time.
func (j *transfer) once(ctx context.Context, digest string, has map[string]bool, write func() error) error {
	key := landing{j.to.Registry(), j.to.Name(), manifestKey(digest)}
	_, err := j.copier.once(ctx, j.copier.flights, key, j.to.Name(), func() error {
		if has[digest] {
			return nil
		}
		return write()
	})
	return err
}

func (j *transfer) put(ctx context.Context, m Manifest, reference string) error {
	_, err := j.to.Put(ctx, m, reference)
	if err == nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.out.Manifests++
	}
	return err
}

// name gives a manifest a tag, unless it has it.
func (j *transfer) name(ctx context.Context, m Manifest, tag string) error {
	if !j.wish.Fresh {
		if has, err := j.to.Digest(ctx, tag); has == m.Digest || err != nil {
			return err
		}
	}
	return j.put(ctx, m, tag)
}
