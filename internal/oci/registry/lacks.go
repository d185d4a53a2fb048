package registry

import (
	"context"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
)

// asked at once when many things are asked for one by one.
const asked = 16

// Lacks says which of the blobs are to be uploaded, in their order.
func (r *Repository) Lacks(ctx context.Context, blobs []oci.Descriptor) ([]oci.Descriptor, error) {
	return r.lacking(ctx, blobs, oci.Large)
}

// Missing says which of the blobs are not there, whatever their size.
func (r *Repository) Missing(ctx context.Context, blobs []oci.Descriptor) ([]oci.Descriptor, error) {
	return r.lacking(ctx, blobs, 0)
}

func (r *Repository) lacking(ctx context.Context, blobs []oci.Descriptor, worth int64) ([]oci.Descriptor, error) {
	has, err := each(ctx, blobs, func(ctx context.Context, d oci.Descriptor) (bool, error) {
		if d.Size < worth {
			return false, nil
		}
		return r.HasBlob(ctx, d.Digest.String())
	})
	var lacking []oci.Descriptor
	for i, d := range blobs {
		if err == nil && !has[i] {
			lacking = append(lacking, d)
		}
	}
	return lacking, err
}

// Holds says which of the manifests are in the repository.
func (r *Repository) Holds(ctx context.Context, digests []string) (map[string]bool, error) {
	has, err := each(ctx, digests, func(ctx context.Context, d string) (bool, error) {
		found, err := r.Digest(ctx, d)
		return found != "", err
	})
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for i, d := range digests {
		all[d] = has[i]
	}
	return all, nil
}

// each asks a question of many things side by side.
func each[T any](ctx context.Context, all []T, ask func(context.Context, T) (bool, error)) ([]bool, error) {
	answers := make([]bool, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	for i, one := range all {
		group.Go(func() (err error) {
			answers[i], err = ask(ctx, one)
			return err
		})
	}
	return answers, group.Wait()
}
