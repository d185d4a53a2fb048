package oci

import (
	"context"
	"fmt"
)

// Weight is what an image is made of.
type Weight struct {
	Digest    string
	Manifests []Descriptor // without platforms
	Blobs     []Descriptor
}

// Weigh reads what an image leads to, with what refers to it unless alone.
func Weigh(ctx context.Context, from From, w Wish) (Weight, error) {
	j := &transfer{from: from, wish: w, seen: map[string]bool{}}
	image, err := j.family(ctx, w.Digest, 0)
	if err != nil {
		return Weight{}, fmt.Errorf("read %s: %w", w.Digest, err)
	}
	relations, err := j.relations(ctx, image)
	if err != nil {
		return Weight{}, fmt.Errorf("read what refers to %s: %w", w.Digest, err)
	}
	out := Weight{Digest: image.root().Digest}
	families := []family{image}
	for _, r := range relations {
		families = append(families, r.family)
	}
	for _, f := range families {
		for _, m := range f.manifests {
			d, err := m.Descriptor()
			if err != nil {
				return Weight{}, err
			}
			out.Manifests = append(out.Manifests, d)
		}
		out.Blobs = append(out.Blobs, f.blobs...)
	}
	return out, nil
}
