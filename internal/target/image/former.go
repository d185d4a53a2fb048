package image

import (
	"context"
	"slices"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// This file is about what another operation may have written since this one
// looked. Registries have no conditions: a tag is written, and a manifest is
// deleted, whatever is there. So it is looked at again right before.

// current is what a tag is on now; "" if it is not there.
func (v *view) current(ctx context.Context, tag string) (string, error) {
	digest, err := v.repo.Digest(ctx, tag)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return digest, err
}

// former is what a tag was on when this operation looked, where it saw that.
func (v *view) former(tag string) (digest string, known bool) {
	if tag == v.facts.Tag {
		return v.facts.Live, true
	}
	digest, listed := v.list.Tags[tag]
	return digest, !listed || digest != ""
}

// moved says that a tag is not where this operation saw it.
func (v *view) moved(tag, was, now string) error {
	err := fault.New(fault.Conflict, "tag %s of %s was on %s and is on %s now: another operation or person has moved it",
		tag, v.facts.Repository, orNothing(was), orNothing(now))
	return fault.Hint(err, "falkirk status %s, then repeat the command: it looks at the tag again", v.Place.Environment)
}

// samePointer refuses to go on where another operation has written the pointer.
func (v *view) samePointer(ctx context.Context) error {
	if err := fence.Check(ctx); err != nil {
		return err
	}
	tag := pointerTag(v.tag)
	if n := len(v.numbers); n > 0 {
		tag = numberedTag(v.tag, v.numbers[n-1])
	}
	now, err := v.current(ctx, tag)
	if err == nil && now != v.points {
		return v.moved(tag, v.points, now)
	}
	return err
}

// stillUnused lists again before anything is deleted: what another operation has
// made live or provisioned since is not deleted.
func (v *view) stillUnused(ctx context.Context, h harvest) error {
	if err := v.samePointer(ctx); err != nil {
		return err
	}
	live, err := v.current(ctx, v.facts.Tag)
	if err != nil {
		return err
	}
	if live != v.facts.Live {
		return v.moved(v.facts.Tag, v.facts.Live, live)
	}
	list, err := v.repo.List(ctx)
	if err != nil {
		return err
	}
	for tag, digest := range list.Tags {
		was, listed := v.list.Tags[tag]
		if listed && was == digest {
			continue // without digests it cannot be told; its manifest is the same name
		}
		if digest == "" {
			if digest, err = v.current(ctx, tag); err != nil {
				return err
			}
		}
		if slices.Contains(h.digests, digest) {
			return v.moved(tag, was, digest)
		}
	}
	return nil
}

func orNothing(digest string) string {
	if digest == "" {
		return "nothing"
	}
	return digest
}
