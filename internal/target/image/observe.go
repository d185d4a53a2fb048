package image

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/registries"
)

// view is what one observation gathers.
type view struct {
	spot
	list    registries.Listing
	numbers []int  // of numbered pointers
	points  string // digest of the pointer that counts; "" where there is none
	facts   facts
	state   delivery.State
}

// Observe looks at one placement. It asks for the list of tags, the pointer, and
// where the list has no digests for those of two tags.
func (t *Target) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.State{}, err
	}
	v, err := s.look(ctx)
	if err != nil {
		return delivery.State{}, s.repo.Explain(err)
	}
	v.state.Facts, err = json.Marshal(v.facts)
	return v.state, err
}

func (s spot) look(ctx context.Context) (view, error) {
	v := view{spot: s}
	var err error
	if v.list, err = s.repo.List(ctx); err != nil {
		return v, err
	}
	v.facts.Repository = s.repo.Registry() + "/" + s.repo.Name() // known by now
	v.facts.Exists = v.list.Exists
	names := v.list.Names()
	v.numbers = numbers(s.tag, names)
	if err := v.readPointer(ctx); err != nil {
		return v, err
	}
	if err := v.lookAtTag(ctx); err != nil {
		return v, err
	}
	if err := v.lookAtReleases(ctx, names); err != nil {
		return v, err
	}
	if v.state.Live, err = v.liveVersion(ctx); v.state.Live != "" {
		v.state.Digest = v.facts.Live
	}
	return v, err
}

// readPointer finds the pointer that counts: the numbered one with the highest
// number, or the plain one.
func (v *view) readPointer(ctx context.Context) error {
	tag := pointerTag(v.tag)
	if n := len(v.numbers); n > 0 {
		tag = numberedTag(v.tag, v.numbers[n-1])
	}
	if _, ok := v.list.Tags[tag]; !ok {
		return nil
	}
	m, err := v.repo.Manifest(ctx, tag)
	if fault.Is(err, fault.NotFound) {
		v.drift("the pointer %s is listed and gone", tag)
		return nil
	}
	if err != nil {
		return err
	}
	v.facts.Pointer, v.points = pointerOf(m), m.Digest
	if p := v.facts.Pointer; p.App != v.App || p.Component != v.Component {
		err := fault.New(fault.Refused, "tag %s of %s belongs to component %q of app %q", v.tag, v.facts.Repository, p.Component, p.App)
		return fault.Hint(err, "give %s another repository or tag", v.Component)
	}
	return nil
}

// digest is what a listed tag is on; "" if it is not there.
func (v *view) digest(ctx context.Context, tag string) (string, error) {
	d, ok := v.list.Tags[tag]
	if !ok || d != "" {
		return d, nil
	}
	return v.repo.Digest(ctx, tag)
}

// lookAtTag compares the environment's tag with what the pointer says.
func (v *view) lookAtTag(ctx context.Context) (err error) {
	p := v.facts.Pointer
	v.facts.Tag = v.tag
	if p.Tag != "" {
		v.facts.Tag = p.Tag
	}
	if v.facts.Live, err = v.digest(ctx, v.facts.Tag); err != nil {
		return err
	}
	if v.facts.Live != "" {
		v.state.Endpoint = delivery.Endpoint{URL: v.facts.Repository + ":" + v.facts.Tag}
	}
	switch {
	case v.facts.Live == p.Digest:
	case p.none():
		v.drift("tag %s is on %s and was not put there by falkirk", v.facts.Tag, v.facts.Live)
	case v.facts.Live == "":
		v.drift("tag %s is gone; it was on %s (%s)", v.facts.Tag, p.Digest, p.Version)
	case p.Version == "":
		v.drift("tag %s is on %s, but nothing is to be live", v.facts.Tag, v.facts.Live)
	default:
		v.drift("tag %s is on %s; it was left on %s (%s)", v.facts.Tag, v.facts.Live, p.Digest, p.Version)
	}
	return nil
}

// lookAtReleases lists the versions, and compares the placement's own.
func (v *view) lookAtReleases(ctx context.Context, names []string) error {
	left, err := v.left(ctx)
	if err != nil {
		return err
	}
	v.state.Present = slices.DeleteFunc(releases(v.tag, names), func(version string) bool {
		return slices.Contains(left, version)
	})
	v.state.Ready = slices.Clone(v.state.Present)
	if v.Version == "" {
		return nil
	}
	own, err := releaseTag(v.tag, v.Version)
	if err != nil {
		return err
	}
	digest, err := v.digest(ctx, own)
	if err != nil {
		return err
	}
	if !slices.Contains(v.state.Present, v.Version) {
		return nil
	}
	v.facts.Release = digest
	if digest == v.Artifact.Digest {
		return nil
	}
	v.state.Ready = slices.DeleteFunc(v.state.Ready, func(x string) bool { return x == v.Version })
	if digest == "" {
		v.drift("%s is listed, and its digest %s is missing", own, v.Artifact.Digest)
	} else {
		v.drift("%s is on %s and not on %s", own, digest, v.Artifact.Digest)
	}
	return nil
}

// liveVersion names what the environment's tag is on. A tag that is on what no
// release is known for is told as drift, and the last known version counts.
func (v *view) liveVersion(ctx context.Context) (string, error) {
	p := v.facts.Pointer
	if v.facts.Live == "" || p.none() {
		return "", nil
	}
	if v.facts.Live == p.Digest || p.Version == "" {
		return p.Version, nil
	}
	if v.Version != "" && v.facts.Live == v.Artifact.Digest {
		return v.Version, nil
	}
	for _, version := range slices.Backward(v.state.Present) {
		tag, err := releaseTag(v.tag, version)
		if err != nil {
			return "", err
		}
		if digest, err := v.digest(ctx, tag); err != nil || digest == v.facts.Live {
			return version, err
		}
	}
	return p.Version, nil
}

func (v *view) drift(format string, args ...any) {
	v.state.Drift = append(v.state.Drift, fmt.Sprintf(format, args...))
}
