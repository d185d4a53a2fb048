package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// NewTag asks for another tag on an image.
type NewTag struct {
	Image string `json:"image"` // reference
	Tag   string `json:"tag"`
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

// group are the tags of one repository.
type group struct {
	repo      registries.Repository
	refs      []Reference
	tags      []string
	done      []Tagged       // what is to be done, then what was
	manifests []oci.Manifest // one for each of done; nil where the listing has told all digests
}

// Tag puts tags on images, many at once: a repository is listed once, and each
// manifest is written as it is, without what it leads to. Every image is looked at
// before the first tag is written. A dry run writes nothing.
func (t Tool) Tag(ctx context.Context, wanted []NewTag, dry bool) ([]Tagged, error) {
	groups, err := t.groups(ctx, wanted)
	if err != nil {
		return nil, err
	}
	out := []Tagged{}
	err = eachGroup(ctx, groups, func(ctx context.Context, g *group) error { return t.look(ctx, g) })
	if err != nil {
		return out, err
	}
	if !dry {
		err = eachGroup(ctx, groups, func(ctx context.Context, g *group) error { return t.write(ctx, g) })
	}
	for _, g := range groups {
		out = append(out, g.done...)
	}
	slices.SortFunc(out, func(a, b Tagged) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tag, b.Tag))
	})
	return out, err
}

// groups are the wishes by repository.
func (t Tool) groups(ctx context.Context, wanted []NewTag) (map[string]*group, error) {
	groups := map[string]*group{}
	for _, w := range wanted {
		ref, repo, err := t.open(ctx, w.Image, false)
		if err != nil {
			return nil, err
		}
		if !oci.IsTag(w.Tag) {
			return nil, noTag(w.Tag)
		}
		key := fmt.Sprint(ref.Where, ref.Name)
		if groups[key] == nil {
			groups[key] = &group{repo: repo}
		}
		groups[key].refs, groups[key].tags = append(groups[key].refs, ref), append(groups[key].tags, w.Tag)
	}
	return groups, nil
}

func eachGroup(ctx context.Context, groups map[string]*group, do func(context.Context, *group) error) error {
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for _, g := range groups {
		work.Go(func() error { return g.repo.Explain(do(inner, g)) })
	}
	return work.Wait()
}

// look finds out what is to be done in one repository.
func (t Tool) look(ctx context.Context, g *group) error {
	list, err := g.repo.List(ctx)
	if err != nil {
		return err
	}
	bans := t.People != nil && t.People.HasBans() // then each manifest is looked at
	if done, ok := known(g.repo, list, g.refs, g.tags); ok && !bans {
		g.done = done
		return nil
	}
	g.done, g.manifests = make([]Tagged, len(g.refs)), make([]oci.Manifest, len(g.refs))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for i, ref := range g.refs {
		work.Go(func() (err error) {
			g.done[i], g.manifests[i], err = lookOne(ctx, g.repo, list, ref, g.tags[i])
			return err
		})
	}
	return work.Wait()
}

func lookOne(ctx context.Context, repo registries.Repository, list registries.Listing, ref Reference, tag string) (Tagged, oci.Manifest, error) {
	out := Tagged{Repository: repo.Name(), From: ref.String(), Tag: tag}
	m, err := repo.Manifest(ctx, ref.String())
	if err != nil {
		return out, m, err
	}
	was, there := list.Tags[tag]
	if there && was == "" {
		if was, err = repo.Digest(ctx, tag); err != nil {
			return out, m, err
		}
	}
	out.Digest, out.Was, out.Changed = m.Digest, was, was != m.Digest
	return out, m, nil
}

// write writes the tags of one repository. Where it fails, only what was done is
// left in the group.
func (t Tool) write(ctx context.Context, g *group) error {
	if g.manifests == nil {
		if err := t.mayWrite(ctx); err != nil {
			g.done = nil
			return err
		}
		return apply(ctx, g.repo, g.done)
	}
	var mu sync.Mutex
	var done []Tagged
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for i, one := range g.done {
		work.Go(func() error {
			if err := t.writeOne(ctx, g.repo, one, g.manifests[i]); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done = append(done, one)
			return nil
		})
	}
	err := work.Wait()
	g.done = done
	return err
}

func (t Tool) writeOne(ctx context.Context, repo registries.Repository, one Tagged, m oci.Manifest) error {
	if !one.Changed {
		return nil
	}
	if err := t.mayWrite(ctx, m); err != nil {
		return err
	}
	err := repo.Keep(ctx, m, one.Tag)
	if registries.IsImmutable(err) {
		err = fault.New(fault.Refused, "tag %s of %s cannot be moved: %w", one.Tag, repo.Name(), err)
	}
	return err
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
func apply(ctx context.Context, repo registries.Repository, all []Tagged) error {
	moves := map[string]string{}
	for _, one := range all {
		if one.Changed {
			moves[one.Tag] = one.Digest
		}
	}
	if len(moves) == 0 {
		return nil
	}
	err := repo.Retag(ctx, moves)
	if registries.IsImmutable(err) {
		err = fault.New(fault.Refused, "tags of %s cannot be moved: %w", repo.Name(), err)
	}
	return err
}
