package imagesync

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Bounds of what is done side by side.
const (
	repositoriesAtOnce = 16
	tagsAtOnce         = 32
)

// pair is one repository at both ends, and what is to be done.
type pair struct {
	name     string // at the destination
	short    string // without the prefixes; "" where the repository is not there
	unread   bool   // one of the registries could not be asked
	from, to registries.Repository
	src, dst registries.Listing
	tags     []string // all of the source
	items    []Item
	others   func(ctx context.Context, d oci.Descriptor) string // repositories that have a blob; nil: none

	once   sync.Once
	common map[string]bool // blobs that are at the destination; after once

	mu     sync.Mutex
	narrow map[string]oci.Manifest // by digest, where indexes are narrowed
}

func (p *pair) keep(m oci.Manifest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.narrow[m.Digest] = m
}

// origin is where an image comes from.
func (p *pair) origin(digest string) oci.From {
	if m, ok := p.narrow[digest]; ok {
		return oci.Narrowed(p.from, m)
	}
	return p.from
}

// look compares all repositories of the job. It writes nothing.
func (j *Job) look(ctx context.Context) ([]*pair, error) {
	names, err := j.repositories(ctx)
	if err != nil {
		return nil, err
	}
	pairs, s := make([]*pair, len(names)), newScout()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(repositoriesAtOnce)
	for i, name := range names {
		group.Go(func() (err error) {
			pairs[i], err = j.compare(ctx, name, s, i == 0)
			if i == 0 {
				s.tell(false) // where it has not come to a word
			}
			if err != nil { // others go on
				unread := !fault.Is(err, fault.NotFound)
				short := ""
				if unread {
					short = name
				}
				pairs[i] = &pair{name: j.to.name(name), short: short, unread: unread, items: []Item{Item{Repository: j.to.name(name)}.failed(err)}}
			}
			return ctx.Err()
		})
	}
	return pairs, group.Wait()
}

// compare looks at a repository at both ends and decides tag by tag.
func (j *Job) compare(ctx context.Context, repository string, s *scout, first bool) (*pair, error) {
	p := &pair{name: j.to.name(repository), short: repository, narrow: map[string]oci.Manifest{}}
	var err error
	if whole := j.from.name(repository); !oci.IsRepository(whole) {
		return nil, fault.New(fault.Internal, "%s has a repository %q, which is no name that a repository may have: it is left out", j.set.Source, whole)
	}
	if p.from, p.to, err = j.open(ctx, repository); err != nil {
		return nil, err
	}
	if err := j.list(ctx, p, s, first); err != nil {
		return nil, err
	}
	if len(p.src.Tags) == 0 {
		if j.choose.named() || !p.src.Exists {
			err := fault.New(fault.NotFound, "repository %s of %s is not there, or has no tags", p.from.Name(), p.from.Registry())
			return nil, fault.Hint(err, "falkirk image ls %s lists the repositories; correct repositories of the job, or push the first image", p.from.Registry())
		}
		return p, nil
	}
	p.tags = p.src.Names()
	chosen, err := j.chosen(ctx, p)
	if err != nil {
		return nil, err
	}
	if first {
		s.tell(p.hasAll(chosen))
	}
	p.items = make([]Item, len(chosen))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(tagsAtOnce)
	for i, tag := range chosen {
		group.Go(func() error {
			p.items[i] = j.decide(each, p, tag)
			return each.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	p.items = append(p.items, j.missing(p)...)
	p.items = append(p.items, j.gone(p)...)
	return p, nil
}

// chosen are the tags of the source that the job is about.
func (j *Job) chosen(ctx context.Context, p *pair) ([]string, error) {
	chosen := j.choose.choose(p.tags)
	odd := slices.DeleteFunc(slices.Clone(chosen), oci.IsTag) // decide tells of them
	chosen = slices.DeleteFunc(chosen, func(t string) bool { return !oci.IsTag(t) })
	if j.choose.newest > 0 && len(chosen) > j.choose.newest {
		if !byVersion(chosen) {
			if err := byAge(ctx, p, chosen); err != nil {
				return nil, err
			}
		}
		chosen = chosen[:j.choose.newest]
	}
	chosen = append(chosen, odd...)
	if only := j.tag(); only != "" {
		chosen = slices.DeleteFunc(chosen, func(t string) bool { return t != only })
	}
	return chosen, nil
}

// decide compares one tag. What goes wrong is told in the item: other tags are
// not held up by it.
func (j *Job) decide(ctx context.Context, p *pair, tag string) Item {
	i := Item{Repository: p.name, Tag: tag, Pushed: p.src.Pushed[tag]}
	if !oci.IsTag(tag) {
		return i.failed(noTag(p.from, tag))
	}
	_, there := p.dst.Tags[tag]
	var err error
	switch {
	case len(j.set.Platforms) > 0:
		i.Digest, err = j.narrowed(ctx, p, tag)
	case there || p.src.Tags[tag] != "":
		i.Digest, err = digest(ctx, p.from, p.src, tag)
	}
	if err == nil && there {
		i.Was, err = digest(ctx, p.to, p.dst, tag)
	}
	switch {
	case err != nil:
		return i.failed(explain(p, i, err))
	case i.Was == "":
		i.State = Absent
	case i.Was == i.Digest:
		i.State = Same
	case i.Digest == "":
		return i.failed(fault.New(fault.NotFound, "%s:%s went away while it was looked at", p.from.Name(), tag))
	default:
		i.State = Moved
	}
	return i.lagging()
}

// lagging says for how long an image has been waiting.
func (i Item) lagging() Item {
	if i.State != Same && !i.Pushed.IsZero() {
		i.Lag = time.Since(i.Pushed).Round(time.Second).String()
	}
	return i
}

func (i Item) failed(err error) Item {
	i.State, i.err, i.Reason = Failed, err, fault.CleanAddresses(err.Error())
	if fault.Is(err, fault.Refused) {
		i.State = Refused
	}
	return i
}

// digest is what a tag is on: as the listing says, or as the registry does.
func digest(ctx context.Context, r registries.Repository, l registries.Listing, tag string) (string, error) {
	if known := l.Tags[tag]; known != "" {
		return known, nil
	}
	return r.Digest(ctx, tag)
}

// narrowed reads the index of a tag and leaves out the platforms that are not
// wanted; the digest is that of what is left.
func (j *Job) narrowed(ctx context.Context, p *pair, tag string) (string, error) {
	whole, err := p.from.Manifest(ctx, tag)
	if err != nil {
		return "", err
	}
	m, err := oci.Narrow(whole, j.set.Platforms)
	if err != nil {
		return "", err
	}
	p.keep(m)
	return m.Digest, nil
}

// noTag is the error for what a registry lists as a tag and that is none.
func noTag(r registries.Repository, tag string) error {
	return fault.New(fault.Internal, "%s of %s has a tag %q, which is no name that a tag may have: it is left out", r.Name(), r.Registry(), tag)
}

// gone are tags of the destination that the source no longer has. Those that
// Falkirk itself keeps there are not the job's.
func (j *Job) gone(p *pair) []Item {
	if !j.set.DeleteMissing || j.opt.Only != "" {
		return nil
	}
	var all []Item
	for _, tag := range j.choose.choose(p.dst.Names()) {
		_, there := p.src.Tags[tag]
		if !there && !oci.IsTag(tag) {
			all = append(all, Item{Repository: p.name, Tag: tag}.failed(noTag(p.to, tag)))
			continue
		}
		if !there && !strings.HasPrefix(tag, "falkirk.") && !strings.HasPrefix(tag, "release.") {
			all = append(all, Item{Repository: p.name, Tag: tag, State: Gone, Was: p.dst.Tags[tag]})
		}
	}
	return all
}
