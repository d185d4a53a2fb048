package imagesync

import (
	"context"

	"falkirk/internal/oci"
)

// known are blobs that are at the destination for sure: those of the image that a
// tag has been on, or else of another tag of the repository that is the same on
// both sides. An image shares most of its layers with the one before it, so that
// reading a few manifests saves many questions.
func (p *pair) known(ctx context.Context, i Item) map[string]bool {
	if i.Was != "" {
		return blobsOf(ctx, p.to, i.Was)
	}
	p.once.Do(func() {
		for n := len(p.items) - 1; n >= 0 && p.common == nil; n-- {
			if p.items[n].State == Same {
				p.common = blobsOf(ctx, p.from, p.items[n].Digest)
			}
		}
	})
	return p.common
}

// blobsOf are the blobs of an image; none where that cannot be read.
func blobsOf(ctx context.Context, from oci.From, digest string) map[string]bool {
	w, err := oci.Weigh(ctx, from, oci.Wish{Digest: digest, Alone: true})
	if err != nil {
		return nil // then they are asked for
	}
	all := map[string]bool{}
	for _, d := range w.Blobs {
		all[d.Digest.String()] = true
	}
	return all
}
