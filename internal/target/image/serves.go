package image

import (
	"context"
	"time"

	"falkirk/internal/delivery"
)

// askLimit is how long a registry may take to say what a tag is on.
const askLimit = 30 * time.Second

// Serves asks the registry what the environment's tag is on, and which version
// that is: what nobody knows is told by its digest.
func (t *Target) Serves(ctx context.Context, p delivery.Placement, now delivery.State) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	s, err := t.spot(ctx, p)
	if err != nil {
		return "", err
	}
	f := factsOf(now)
	tag := f.Tag
	if tag == "" {
		tag = s.tag
	}
	digest, err := s.repo.Digest(ctx, tag)
	if err != nil {
		return "", s.repo.Explain(err)
	}
	if digest == f.Pointer.Digest {
		return f.Pointer.Version, nil
	}
	return digest, nil
}
