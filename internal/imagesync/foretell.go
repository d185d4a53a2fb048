package imagesync

import (
	"context"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
)

// foretold is one tag with what would be moved for it, were it alone.
type foretold struct {
	Item
	lacking []oci.Descriptor
}

// foretell says what a run would do, with the bytes that it would move: those of
// a blob count for the first tag that needs it.
func (j *Job) foretell(ctx context.Context, pairs []*pair, r *Result) error {
	var all []*foretold
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tagsAtOnce)
	for _, p := range pairs {
		for _, i := range p.items {
			one := &foretold{Item: i}
			all = append(all, one)
			if i.State == Absent || i.State == Moved {
				group.Go(func() error {
					*one = j.weigh(ctx, p, i)
					j.report.tell(func(e *Event) { e.Done++ }, nil)
					return ctx.Err()
				})
			}
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, one := range all {
		for _, d := range one.lacking {
			if !seen[d.Digest.String()] {
				seen[d.Digest.String()] = true
				one.Blobs++
				one.Bytes += d.Size
			}
		}
		r.add(one.Item)
	}
	return nil
}

// weigh finds what a tag leads to and the destination lacks.
func (j *Job) weigh(ctx context.Context, p *pair, i Item) foretold {
	w := oci.Wish{Digest: i.Digest, Alone: !j.set.Referrers, Tags: p.tags}
	if w.Digest == "" {
		w.Digest = i.Tag
	}
	if err := j.verify(ctx, p, &i, &w); err != nil {
		return foretold{Item: i.failed(p.from.Explain(err))}
	}
	weight, err := oci.Weigh(ctx, p.origin(w.Digest), w)
	i.Digest = weight.Digest
	if err != nil {
		return foretold{Item: i.failed(p.from.Explain(err))}
	}
	lacking := weight.Blobs
	if p.dst.Exists && len(p.dst.Tags) > 0 {
		if lacking, err = p.to.Missing(ctx, weight.Blobs); err != nil {
			return foretold{Item: i.failed(p.to.Explain(err))}
		}
	}
	return foretold{i, lacking}
}
