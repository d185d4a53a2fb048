package ecr

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
)

// atOnce is how many tags are written at a time; the quota decides how fast.
const atOnce = 8

// Retag puts tags on digests that are in the repository: one read for all, and
// one PutImage each, of the same bytes. Of an index only the index is written.
func (r *Repository) Retag(ctx context.Context, tags map[string]string) error {
	digests := slices.Compact(slices.Sorted(maps.Values(tags)))
	images, err := r.Images(ctx, digests)
	if err != nil {
		return err
	}
	for _, d := range digests {
		if _, ok := images[d]; !ok {
			return r.notFound(d)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for tag, digest := range tags {
		group.Go(func() error { return r.Put(ctx, images[digest], tag) })
	}
	return group.Wait()
}
