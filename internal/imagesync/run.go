package imagesync

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// grace is how long what is on its way may still take after an interrupt.
const grace = 5 * time.Second

// Run does the job once. The result is there also where something went wrong;
// the error is that of the tags that could not be synced. After an interrupt no
// further blob is begun, and what is on its way gets a few seconds.
func (j *Job) Run(ctx context.Context) (*Result, error) {
	r := &Result{
		Name: j.set.Label(), Source: j.set.Source, Destination: j.set.Destination, DryRun: j.opt.DryRun, By: j.opt.By,
		Began: time.Now().UTC().Truncate(time.Millisecond), Counts: map[State]int{}, Items: []Item{},
	}
	j.mayWrite(ctx, r)
	err := r.held()
	if err == nil {
		err = j.own(ctx)
	}
	var pairs []*pair
	if err == nil {
		pairs, err = j.look(ctx)
	}
	if err == nil {
		r.Unmatched = j.unmatched(pairs)
		err = j.do(ctx, pairs, r)
	}
	r.Seconds = time.Since(r.Began).Seconds()
	r.sort()
	if err == nil {
		err = r.err()
	}
	if err == nil {
		err = j.require(r)
	}
	if err != nil {
		r.Error = fault.CleanAddresses(err.Error())
	}
	return r, err
}

// do brings what lacks, then removes what is gone.
func (j *Job) do(ctx context.Context, pairs []*pair, r *Result) error {
	total := 0
	for _, p := range pairs {
		total += len(p.items)
	}
	j.report.tell(func(e *Event) { e.Total += total }, nil)
	if j.opt.DryRun {
		return j.foretell(ctx, pairs, r)
	}
	work, stop := late(ctx)
	defer stop()
	var group errgroup.Group
	group.SetLimit(tagsAtOnce)
	for _, p := range pairs {
		p.others = siblings(pairs, p)
		if err := j.make(ctx, p, r); err != nil {
			p.fail(err)
		}
		for _, i := range p.items {
			group.Go(func() error {
				j.finish(ctx, work, p, i, r)
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if !j.mayWrite(ctx, r) {
		return r.begun(r.held())
	}
	return j.remove(ctx, pairs, r)
}

// late is a context that ends some time after another one, and well before that
// one's deadline.
func late(ctx context.Context) (context.Context, func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		wait := grace
		if end, limited := ctx.Deadline(); limited {
			wait = min(wait, time.Until(end)/2)
		}
		time.AfterFunc(wait, cancel)
	})
	return work, func() { stop(); cancel() }
}

// finish brings one tag to its end and tells of it.
func (j *Job) finish(ctx, work context.Context, p *pair, i Item, r *Result) {
	if i.State == Gone {
		return // when all have come
	}
	if ctx.Err() != nil {
		r.left(i)
		return
	}
	if i.State == Absent || i.State == Moved || i.State == Same && j.unrelated(work, p, i) {
		if !j.mayWrite(ctx, r) {
			r.left(i)
			return
		}
		i = j.bring(ctx, work, p, i, r)
		if ctx.Err() != nil && i.err != nil && fault.Is(i.err, fault.Interrupted) {
			r.left(i)
			return
		}
	}
	r.add(i)
	j.report.tell(func(e *Event) { e.Done++ }, &i)
}

// bring copies one tag. One that has moved meanwhile is copied again, as what it
// is then.
func (j *Job) bring(ctx, work context.Context, p *pair, i Item, r *Result) Item {
	for range 3 {
		began := time.Now()
		got, err := j.copy(ctx, work, p, &i)
		r.wrote(got.Manifests)
		i.Digest, i.Bytes, i.Blobs, i.Mounted = cmp.Or(got.Digest, i.Digest), i.Bytes+got.Bytes, i.Blobs+got.Uploaded, i.Mounted+got.Mounted
		i.Referrers = got.Referrers
		if err != nil {
			return i.failed(explain(p, i, err))
		}
		if time.Since(began) < soon || len(j.set.Platforms) > 0 {
			return i
		}
		now, err := p.from.Digest(work, i.Tag)
		if err != nil || now == "" || now == i.Digest {
			return i // a failed question is no failed copy
		}
		i.State, i.Was, i.Digest = Moved, i.Digest, now
	}
	return i
}

// soon is how quickly a tag is copied that is not looked at again afterwards.
const soon = 2 * time.Second

func (j *Job) copy(ctx, work context.Context, p *pair, i *Item) (oci.Copied, error) {
	_, tells := p.to.(registries.Creator) // what is there without a tag, with one call; and it counts what is written
	w := oci.Wish{
		Digest: i.Digest, Tag: i.Tag, Alone: !j.set.Referrers, Tags: p.tags, Fresh: len(p.dst.Tags) == 0 && !tells,
		Halt: ctx.Err, Report: j.passed(), Elsewhere: p.others,
	}
	if w.Digest == "" {
		w.Digest = i.Tag
	}
	if err := j.verify(work, p, i, &w); err != nil {
		return oci.Copied{}, err
	}
	if err := j.mayCopy(work, p, &w); err != nil {
		return oci.Copied{}, err
	}
	if len(j.set.Platforms) == 0 {
		w.There = p.known(work, *i)
	}
	got, err := j.copier.Copy(work, p.to, p.origin(w.Digest), w)
	if registries.LacksBlob(err) { // somebody has removed what was there: nothing is taken for granted any more
		w.There, w.Fresh = nil, false
		return oci.NewCopier().Copy(work, p.to, p.origin(w.Digest), w)
	}
	return got, err
}

// verify asks whether the image may be copied, and sees to it that just that one
// is. Of a narrowed index it is the whole one that was signed.
func (j *Job) verify(ctx context.Context, p *pair, i *Item, w *oci.Wish) error {
	if j.opt.Verify == nil {
		return nil
	}
	signed := w.Digest
	if len(j.set.Platforms) > 0 {
		signed = i.Tag
	}
	m, err := p.from.Manifest(ctx, signed)
	if err != nil {
		return err
	}
	if len(j.set.Platforms) == 0 {
		w.Digest = m.Digest
	}
	i.Digest = w.Digest
	i.Key, err = j.opt.Verify(ctx, p.from, m.Digest)
	return err
}

// passed tells the bytes of one copy as part of all.
func (j *Job) passed() func(passed, total int64) {
	var before, known int64
	return func(passed, total int64) {
		j.report.tell(func(e *Event) {
			e.Passed += passed - before
			e.Bytes += total - known
		}, nil)
		before, known = passed, total
	}
}

func explain(p *pair, i Item, err error) error {
	if registries.IsImmutable(err) {
		err = fault.New(fault.Refused, "tag %s of %s is on %s and cannot be moved: %w", i.Tag, p.name, i.Was, err)
		return fault.Hint(err, "leave the tag out, or let the repository's tags be moved")
	}
	if strings.Contains(err.Error(), p.from.Registry()+"/"+p.from.Name()+":") {
		return p.from.Explain(err)
	}
	return p.to.Explain(err)
}

// make makes the repository at the destination where it is missing and that has
// to be done.
func (j *Job) make(ctx context.Context, p *pair, r *Result) error {
	c, ok := p.to.(registries.Creator)
	if !j.mayWrite(ctx, r) {
		return r.held()
	}
	if !ok || p.dst.Exists || !slices.ContainsFunc(p.items, func(i Item) bool { return i.State == Absent }) {
		return nil
	}
	if j.set.Create.Never {
		err := fault.New(fault.Refused, "there is no repository %s in %s", p.name, p.to.Registry())
		return fault.Hint(err, "make it, or leave create.never out")
	}
	made, err := c.Create(ctx, j.set.Make())
	if made {
		r.Made = append(r.Made, p.name)
	}
	if err == nil {
		p.dst, err = p.to.List(ctx) // its host is known now
	}
	return err
}

// fail makes all that was to come of a repository fail.
func (p *pair) fail(err error) {
	for n, i := range p.items {
		if i.State == Absent || i.State == Moved {
			p.items[n] = i.failed(err)
		}
	}
}
