package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
	"falkirk/internal/registries"
)

// NewTag asks for another tag on an image.
type NewTag struct {
	Image string // reference
	Tag   string
}

// Tagged is what became of it.
type Tagged struct {
	Repository string `json:"repository"`
	From       string `json:"from"` // tag or digest
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
	Was        string `json:"was,omitempty"` // what the tag was on before
	Changed    bool   `json:"changed"`
}

// Tag puts tags on images, many at once: a repository is listed once, and each
// manifest is written as it is, without what it leads to. A dry run writes
// nothing.
func (t Tool) Tag(ctx context.Context, wanted []NewTag, dry bool) ([]Tagged, error) {
	type group struct {
		repo registries.Repository
		refs []Reference
		tags []string
	}
	groups := map[string]*group{}
	for _, w := range wanted {
		ref, repo, err := t.open(ctx, w.Image, false)
		if err != nil {
			return nil, err
		}
		if _, err := t.Parse("registry.invalid/x:" + w.Tag); err != nil || w.Tag == "" {
			return nil, fault.New(fault.Invalid, "%q is no tag", w.Tag)
		}
		key := fmt.Sprint(ref.Where, ref.Name)
		if groups[key] == nil {
			groups[key] = &group{repo: repo}
		}
		groups[key].refs, groups[key].tags = append(groups[key].refs, ref), append(groups[key].tags, w.Tag)
	}
	var mu sync.Mutex
	out := []Tagged{}
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for _, g := range groups {
		work.Go(func() error {
			done, err := t.retag(inner, g.repo, g.refs, g.tags, dry)
			mu.Lock()
			defer mu.Unlock()
			out = append(out, done...)
			return g.repo.Explain(err)
		})
	}
	err := work.Wait()
	slices.SortFunc(out, func(a, b Tagged) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tag, b.Tag))
	})
	return out, err
}

// retag does it in one repository.
func (t Tool) retag(ctx context.Context, repo registries.Repository, refs []Reference, tags []string, dry bool) ([]Tagged, error) {
	list, err := repo.List(ctx)
	if err != nil {
		return nil, err
	}
	bans := t.People != nil && t.People.HasBans() // then each manifest is looked at
	if done, ok := known(repo, list, refs, tags); ok && !bans {
		if !dry {
			if err := t.mayWrite(ctx); err != nil {
				return nil, err
			}
		}
		return done, apply(ctx, repo, done, dry)
	}
	var mu sync.Mutex
	var done []Tagged
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, ref := range refs {
		group.Go(func() error {
			one, err := t.retagOne(ctx, repo, list, ref, tags[i], dry)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, one)
			}
			return err
		})
	}
	return done, group.Wait()
}

// known is what is to be done where the listing has told all digests.
func known(repo registries.Repository, list registries.Listing, refs []Reference, tags []string) ([]Tagged, bool) {
	var all []Tagged
	for i, ref := range refs {
		digest := cmp.Or(ref.Digest, list.Tags[ref.Tag])
		was, there := list.Tags[tags[i]]
		if digest == "" || there && was == "" || list.Pushed == nil {
			return nil, false
		}
		all = append(all, Tagged{Repository: repo.Name(), From: ref.String(), Tag: tags[i], Digest: digest, Was: was, Changed: was != digest})
	}
	return all, true
}

// apply writes those that change, all with one reading.
func apply(ctx context.Context, repo registries.Repository, all []Tagged, dry bool) error {
	moves := map[string]string{}
	for _, one := range all {
		if one.Changed {
			moves[one.Tag] = one.Digest
		}
	}
	if dry || len(moves) == 0 {
		return nil
	}
	err := repo.Retag(ctx, moves)
	if registries.IsImmutable(err) {
		err = fault.New(fault.Refused, "tags of %s cannot be moved: %w", repo.Name(), err)
	}
	return err
}

func (t Tool) retagOne(ctx context.Context, repo registries.Repository, list registries.Listing, ref Reference, tag string, dry bool) (Tagged, error) {
	out := Tagged{Repository: repo.Name(), From: ref.String(), Tag: tag}
	m, err := repo.Manifest(ctx, ref.String())
	if err != nil {
		return out, err
	}
	out.Digest = m.Digest
	was, there := list.Tags[tag]
	if there && was == "" {
		if was, err = repo.Digest(ctx, tag); err != nil {
			return out, err
		}
	}
	out.Was, out.Changed = was, was != m.Digest
	if !out.Changed || dry {
		return out, nil
	}
	if err := t.mayWrite(ctx, m); err != nil {
		return out, err
	}
	err = repo.Keep(ctx, m, tag)
	if registries.IsImmutable(err) {
		err = fault.New(fault.Refused, "tag %s of %s cannot be moved: %w", tag, repo.Name(), err)
	}
	return out, err
}
