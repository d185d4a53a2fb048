package imagesync

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
)

// foretell says what a run would do, with the bytes that it would move.
func (j *Job) foretell(ctx context.Context, pairs []*pair, r *Result) error {
	known := &weighed{seen: map[string]bool{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tagsAtOnce)
	for _, p := range pairs {
		for _, i := range p.items {
			group.Go(func() error {
				if i.State == Absent || i.State == Moved {
					i = j.weigh(ctx, p, i, known)
				}
				r.add(i)
				j.report.tell(func(e *Event) { e.Done++ }, &i)
				return ctx.Err()
			})
		}
	}
	return group.Wait()
}

// weighed are the blobs that were counted: each is moved once.
type weighed struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (j *Job) weigh(ctx context.Context, p *pair, i Item, known *weighed) Item {
	w := oci.Wish{Digest: i.Digest, Alone: !j.set.Referrers, Tags: p.tags}
	if w.Digest == "" {
		w.Digest = i.Tag
	}
	if err := j.verify(ctx, p, i, &w); err != nil {
		return i.failed(p.from.Explain(err))
	}
	weight, err := oci.Weigh(ctx, p.origin(w.Digest), w)
	i.Digest = weight.Digest
	if err != nil {
		return i.failed(p.from.Explain(err))
	}
	lacking := weight.Blobs
	if p.dst.Exists && len(p.dst.Tags) > 0 {
		if lacking, err = p.to.Missing(ctx, weight.Blobs); err != nil {
			return i.failed(p.to.Explain(err))
		}
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	for _, d := range lacking {
		if !known.seen[d.Digest.String()] {
			known.seen[d.Digest.String()] = true
			i.Blobs++
			i.Bytes += d.Size
		}
	}
	return i
}
