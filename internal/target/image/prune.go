package image

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/oci"
)

// remove takes releases away: their tags, and what no other tag leads to. What
// the registry cannot delete is noted and left.
func (s spot) remove(ctx context.Context, step delivery.Step) (delivery.Outcome, error) {
	var args removeArgs
	if err := json.Unmarshal(step.Args, &args); err != nil {
		return delivery.Outcome{}, fault.New(fault.Internal, "the step's arguments: %w", err)
	}
	v, err := s.look(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	h, err := v.harvest(ctx, args.Versions)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if len(h.tags) == 0 {
		return delivery.Outcome{Nothing: true}, nil
	}
	if err := v.stillUnused(ctx, h); err != nil {
		return delivery.Outcome{}, err
	}
	if _, err := s.repo.Delete(ctx, h.tags); err != nil {
		return delivery.Outcome{}, err
	}
	if err := fence.Check(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	if _, err := s.repo.Delete(ctx, h.digests); err != nil {
		return delivery.Outcome{}, err
	}
	return s.leftOver(ctx, args.Versions)
}

// harvest is what may go.
type harvest struct {
	tags    []string
	digests []string // each before what it lists
}

// keptPointers is how many numbered pointers stay as history.
const keptPointers = 20

// harvest collects the tags of versions that are not live, and the manifests
// that only those lead to.
func (v *view) harvest(ctx context.Context, versions []string) (harvest, error) {
	all, err := v.allDigests(ctx)
	if err != nil {
		return harvest{}, err
	}
	names := slices.Sorted(maps.Keys(all))
	doomed := map[string]bool{}
	for _, version := range versions {
		if version == v.facts.Pointer.Version {
			continue
		}
		if tag, err := releaseTag(v.tag, version); err == nil && all[tag] != "" {
			doomed[tag] = true
		}
		if len(v.numbers) > 0 { // else no such tag is ours
			for _, tag := range versionedTags(v.tag, version, names) {
				doomed[tag] = tag != v.facts.Tag
			}
		}
	}
	for i, n := range v.numbers {
		if i < len(v.numbers)-keptPointers {
			doomed[numberedTag(v.tag, n)] = true
		}
	}
	below, err := v.below(ctx, doomed, all)
	if err != nil {
		return harvest{}, err
	}
	kept, err := v.kept(ctx, doomed, all)
	if err != nil {
		return harvest{}, err
	}
	h := harvest{digests: slices.DeleteFunc(below, func(d string) bool { return kept[d] })}
	for _, tag := range names {
		if doomed[tag] {
			h.tags = append(h.tags, tag)
		}
	}
	return h, nil
}

// asked at once, when tags are asked for one by one.
const asked = 8

// allDigests is what every tag is on.
func (v *view) allDigests(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	for tag := range v.list.Tags {
		group.Go(func() error {
			d, err := v.digest(ctx, tag)
			mu.Lock()
			defer mu.Unlock()
			all[tag] = d
			return err
		})
	}
	return all, group.Wait()
}

// below follows what doomed tags lead to, and what refers to that; tags that say
// what refers are doomed with it. Each comes before what it lists.
func (v *view) below(ctx context.Context, doomed map[string]bool, all map[string]string) ([]string, error) {
	var order []string
	met := map[string]bool{}
	var queue []string
	for _, tag := range slices.Sorted(maps.Keys(doomed)) {
		if doomed[tag] {
			queue = append(queue, all[tag])
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		digest := queue[0]
		if digest == "" || met[digest] {
			continue
		}
		met[digest] = true
		order = append(order, digest)
		more, err := v.leadsTo(ctx, digest)
		if err != nil {
			return nil, err
		}
		queue = append(queue, more...)
		stem := strings.Replace(digest, ":", "-", 1)
		for tag, d := range all {
			if tag == stem || strings.HasPrefix(tag, stem+".") {
				doomed[tag] = true
				queue = append(queue, d)
			}
		}
	}
	return order, nil
}

// leadsTo is what one manifest lists, and what the registry says refers to it.
func (v *view) leadsTo(ctx context.Context, digest string) ([]string, error) {
	m, err := v.repo.Manifest(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what %s leads to: %w", digest, err)
	}
	list := m.Children()
	if r, ok := v.repo.(oci.Related); ok {
		more, _, err := r.Referrers(ctx, digest)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	digests := make([]string, len(list))
	for i, d := range list {
		digests[i] = d.Digest.String()
	}
	return digests, nil
}

// kept is everything that the tags lead to which stay, and what is live.
func (v *view) kept(ctx context.Context, doomed map[string]bool, all map[string]string) (map[string]bool, error) {
	kept := map[string]bool{v.facts.Live: true, v.facts.Pointer.Digest: true}
	for tag, digest := range all {
		if !doomed[tag] && digest != "" {
			kept[digest] = true
		}
	}
	for queue := slices.Sorted(maps.Keys(kept)); len(queue) > 0; queue = queue[1:] {
		if queue[0] == "" {
			continue
		}
		m, err := v.repo.Manifest(ctx, queue[0])
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what %s leads to: %w", queue[0], err)
		}
		for _, d := range m.Children() {
			if digest := d.Digest.String(); !kept[digest] {
				kept[digest] = true
				queue = append(queue, digest)
			}
		}
	}
	return kept, nil
}
