package imagesync

import (
	"context"
	"slices"

	"falkirk/internal/fault"
)

// remove takes away what is gone at the source, unless that would be too much or
// something has not come.
func (j *Job) remove(ctx context.Context, pairs []*pair, r *Result) error {
	count := 0
	for _, p := range pairs {
		count += len(p.leaving())
	}
	switch {
	case count == 0:
		return nil
	case count > j.set.DeleteLimit:
		err := fault.New(fault.Refused, "%s be removed from %s, and the limit is %d: nothing was removed", fault.Count(count, "tag would", "tags would"), j.set.Destination, j.set.DeleteLimit)
		return fault.Hint(err, "look with --dry-run, then raise deleteLimit")
	}
	whole := r.Counts[Failed]+r.Counts[Refused] == 0
	for _, p := range pairs {
		for _, i := range j.removeOf(ctx, p, whole) {
			if ctx.Err() != nil && i.State == Gone {
				r.left(i)
				continue
			}
			r.add(i)
			j.report.tell(func(e *Event) { e.Done++ }, &i)
		}
	}
	return nil
}

// leaving are the tags of a repository that are gone at the source.
func (p *pair) leaving() []Item {
	return slices.DeleteFunc(slices.Clone(p.items), func(i Item) bool { return i.State != Gone })
}

// removeOf says what became of those of one repository.
func (j *Job) removeOf(ctx context.Context, p *pair, whole bool) []Item {
	items := p.leaving()
	var tags []string
	for n := range items {
		if !whole {
			items[n].Reason = "not removed, as something has not come"
		}
		tags = append(tags, items[n].Tag)
	}
	if len(tags) == 0 || !whole || ctx.Err() != nil {
		return items
	}
	left, err := p.to.Delete(ctx, tags)
	for n, i := range items {
		switch {
		case slices.Contains(left, i.Tag):
			i.State, i.Reason = Kept, "the registry removes no tags"
		case err != nil:
			i = i.failed(p.to.Explain(err))
		default:
			i.State = Removed
		}
		items[n] = i
	}
	return items
}
