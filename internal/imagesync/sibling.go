package imagesync

import (
	"context"
	"sync"

	"falkirk/internal/oci"
)

// mostSiblings is how many other repositories are asked for one blob.
const mostSiblings = 16

// siblings finds other repositories of the job that have a blob already, so that
// it is mounted from there: as when a service is added that stands on the same
// base as the others.
func siblings(pairs []*pair, own *pair) func(ctx context.Context, d oci.Descriptor) string {
	var others []*pair
	for _, p := range pairs {
		if p != own && len(p.dst.Tags) > 0 && len(others) < mostSiblings {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return func(ctx context.Context, d oci.Descriptor) string {
		var mu sync.Mutex
		found := ""
		var group sync.WaitGroup
		for _, p := range others {
			group.Go(func() {
				lacking, err := p.to.Missing(ctx, []oci.Descriptor{d})
				mu.Lock()
				defer mu.Unlock()
				if err == nil && len(lacking) == 0 && found == "" { // a failed question is no failed copy
					found = p.name
				}
			})
		}
		group.Wait()
		return found
	}
}
