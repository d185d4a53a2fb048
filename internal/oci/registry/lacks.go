package registry

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// asked at once when many blobs are asked for one by one.
const asked = 16

// Lacks says which of the blobs are not in the repository, in their order.
func (r *Repository) Lacks(ctx context.Context, digests []string) ([]string, error) {
	has := make([]bool, len(digests))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	for i, d := range digests {
		group.Go(func() (err error) {
			has[i], err = r.HasBlob(ctx, d)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var lacking []string
	for i, d := range digests {
		if !has[i] {
			lacking = append(lacking, d)
		}
	}
	return lacking, nil
}
