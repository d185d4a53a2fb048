package imagesync

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// scout is the first repository of a job, which tells how to look at the others:
// where it has all that is chosen, theirs need no list of tags at the
// destination, as every tag will be asked for by itself.
type scout struct {
	once sync.Once
	done chan struct{}
	full bool
}

func newScout() *scout { return &scout{done: make(chan struct{})} }

// tell says what the first one was like; only the first word counts.
func (s *scout) tell(full bool) {
	s.once.Do(func() { s.full = full; close(s.done) })
}

// ask waits for the word.
func (s *scout) ask(ctx context.Context) (full bool, err error) {
	select {
	case <-s.done:
		return s.full, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// list reads what is in a repository at both ends. The registries that tell
// digests along are always listed, and so is what something may be removed from.
func (j *Job) list(ctx context.Context, p *pair, s *scout, first bool) error {
	_, tells := p.to.(registries.Creator)
	sure := first || tells || j.set.DeleteMissing
	group, both := errgroup.WithContext(ctx)
	group.Go(func() (err error) { p.src, err = p.from.List(both); return p.from.Explain(err) })
	if sure {
		group.Go(func() (err error) { p.dst, err = p.to.List(both); return p.to.Explain(err) })
	}
	if err := group.Wait(); err != nil || sure {
		return err
	}
	full, err := s.ask(ctx)
	if err != nil {
		return err
	}
	if !full {
		p.dst, err = p.to.List(ctx)
	}
	if full {
		p.dst, err = p.guess(ctx, j.choose.choose(p.src.Names()))
	}
	return p.to.Explain(err)
}

// guess asks for the chosen tags one by one, and for those that belong to images.
func (p *pair) guess(ctx context.Context, chosen []string) (registries.Listing, error) {
	chosen = slices.DeleteFunc(chosen, func(tag string) bool { return !oci.IsTag(tag) }) // decide tells of them
	for tag := range p.src.Tags {
		if isRelation(tag) && !slices.Contains(chosen, tag) {
			chosen = append(chosen, tag)
		}
	}
	var mu sync.Mutex
	l := registries.Listing{Exists: true, Tags: map[string]string{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tagsAtOnce)
	for _, tag := range chosen {
		group.Go(func() error {
			digest, err := p.to.Digest(ctx, tag)
			if err != nil || digest == "" {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			l.Tags[tag] = digest
			return nil
		})
	}
	return l, group.Wait()
}

// hasAll reports whether the destination has a tag for each that is chosen.
func (p *pair) hasAll(chosen []string) bool {
	for _, tag := range chosen {
		if _, there := p.dst.Tags[tag]; !there {
			return false
		}
	}
	return len(chosen) > 0
}
