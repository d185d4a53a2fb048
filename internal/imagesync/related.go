package imagesync

import (
	"context"
	"strings"
)

// unrelated reports whether something refers to an image at the source and has
// not come along: it may be signed after it was copied.
func (j *Job) unrelated(ctx context.Context, p *pair, i Item) bool {
	if !j.set.Referrers || i.Digest == "" || len(j.set.Platforms) > 0 {
		return false
	}
	return p.tagsDiffer(ctx, strings.Replace(i.Digest, ":", "-", 1)) || p.listsDiffer(ctx, i.Digest)
}

// tagsDiffer compares the tags that only say what belongs to an image.
func (p *pair) tagsDiffer(ctx context.Context, stem string) bool {
	for _, t := range p.tags {
		if !strings.HasPrefix(t, stem) {
			continue
		}
		if _, there := p.dst.Tags[t]; !there {
			return true
		}
		here, err := digest(ctx, p.from, p.src, t)
		if err != nil {
			continue // a failed question is no failed copy
		}
		if there, err := digest(ctx, p.to, p.dst, t); err == nil && here != there {
			return true
		}
	}
	return false
}

// listsDiffer asks the source's registry what refers to an image, where it tells.
func (p *pair) listsDiffer(ctx context.Context, of string) bool {
	found, can, err := p.from.Referrers(ctx, of)
	if err != nil || !can || len(found) == 0 {
		return false
	}
	var digests []string
	for _, d := range found {
		digests = append(digests, d.Digest.String())
	}
	has, err := p.to.Holds(ctx, digests)
	for _, d := range digests {
		if err == nil && !has[d] {
			return true
		}
	}
	return false
}
