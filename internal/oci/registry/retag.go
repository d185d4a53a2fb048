package registry

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
)

// Retag puts tags on digests that are in the repository: each manifest is read
// once and written for each tag, the same bytes. Of an index only the index is
// written.
func (r *Repository) Retag(ctx context.Context, tags map[string]string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	for _, digest := range slices.Compact(slices.Sorted(maps.Values(tags))) {
		group.Go(func() error {
			m, err := r.Manifest(ctx, digest)
			if err != nil {
				return err
			}
			return r.write(ctx, m, tags)
		})
	}
	return group.Wait()
}

// write puts a manifest under all of the tags that are for it.
func (r *Repository) write(ctx context.Context, m oci.Manifest, tags map[string]string) error {
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if tags[tag] != m.Digest {
			continue
		}
		if _, err := r.Put(ctx, m, tag); err != nil {
			return err
		}
	}
	return nil
}
