package image

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// move puts the environment's tag on the release, by writing the same manifest
// under it, and then the pointer. Of an index only the index itself is written.
func (s spot) move(ctx context.Context) (delivery.Outcome, error) {
	v, err := s.look(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	was := v.facts.Pointer
	if was.Version == s.Version && v.facts.Live == s.Artifact.Digest {
		return delivery.Outcome{Nothing: true}, nil
	}
	tag, err := v.tagTo(ctx, s.Artifact.Digest)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Refused, "%s (%s) is not in %s: %w", s.Version, s.Artifact.Digest, v.facts.Repository, err)
		return delivery.Outcome{}, fault.Hint(err, "falkirk provision %s --to %s", s.Version, s.Place.Environment)
	}
	if err != nil {
		return delivery.Outcome{}, err
	}
	now := v.next(ctx, s.Version, s.Artifact.Digest, tag)
	if err := v.point(ctx, now); err != nil {
		return delivery.Outcome{}, err
	}
	note := "tag " + tag + " is on " + now.Digest
	if now.PreviousDigest != "" {
		note += "; before, " + v.facts.Tag + " was on " + now.PreviousDigest
		if now.PreviousVersion != "" {
			note += " (" + now.PreviousVersion + ")"
		}
	}
	return delivery.Outcome{Note: note}, nil
}

// next is the pointer to come. What is replaced is what the tag really was on,
// or, where a killed run has moved it already, what the pointer says.
func (v *view) next(ctx context.Context, version, digest, tag string) pointer {
	was := v.facts.Pointer
	now := pointer{
		App: v.App, Component: v.Component, Environment: v.Place.Environment,
		Version: version, Digest: digest, Tag: tag,
		PreviousVersion: was.Version, PreviousDigest: v.facts.Live,
	}
	if v.facts.Live == digest || v.facts.Live == "" {
		now.PreviousDigest = was.Digest
	}
	if was.Version == version { // put back after other hands
		now.PreviousVersion = was.PreviousVersion
	}
	if op, ok := delivery.OperationOf(ctx); ok {
		now.Operation = op.ID
	}
	return now
}

// tagTo writes the environment's tag, and gives its name: one with the version
// in it where tags cannot be moved.
func (v *view) tagTo(ctx context.Context, want string) (string, error) {
	tag, err := v.tagName()
	if err != nil {
		return "", err
	}
	err = v.retag(ctx, tag, want)
	if tag != v.tag || !registries.IsImmutable(err) {
		return tag, err
	}
	if tag, err = v.versioned(); err != nil { // the registry did not say before
		return "", err
	}
	return tag, v.retag(ctx, tag, want)
}

// retag writes a tag, unless a killed run has. No registry writes a tag on a
// condition, so the tag is read again as the last request before.
func (v *view) retag(ctx context.Context, tag, want string) error {
	m, err := v.repo.Manifest(ctx, want)
	if err != nil {
		return err
	}
	if err := v.samePointer(ctx); err != nil {
		return err
	}
	now, err := v.current(ctx, tag)
	if err != nil || now == want {
		return err
	}
	if was, known := v.former(tag); known && was != now {
		return v.moved(tag, was, now)
	}
	if err := fence.Check(ctx); err != nil {
		return err
	}
	return v.repo.Keep(ctx, m, tag)
}

// tagName is the environment's tag for the version, as far as is known.
func (v *view) tagName() (string, error) {
	if !v.fixed(v.tag) {
		return v.tag, nil
	}
	return v.versioned()
}

// versioned is the environment's tag with the version in it, and a number when
// the version comes back.
func (v *view) versioned() (string, error) {
	tag := versionedTag(v.tag, v.Version, 0)
	if _, taken := v.list.Tags[tag]; taken {
		tag = versionedTag(v.tag, v.Version, v.nextNumber())
	}
	if len(tag) > mostTag {
		return "", fault.New(fault.Invalid, "version %s is too long: %s cannot be a tag", v.Version, tag)
	}
	return tag, nil
}

// fixed reports whether a tag cannot be moved: as the registry says, or as it
// showed before.
func (v *view) fixed(tag string) bool {
	if v.list.Immutable != nil {
		return v.list.Immutable(tag)
	}
	return tag == v.tag && v.facts.Tag != v.tag
}

func (v *view) nextNumber() int {
	if len(v.numbers) == 0 {
		return 1
	}
	return v.numbers[len(v.numbers)-1] + 1
}

// point writes the pointer; where tags cannot be moved, the next one.
func (v *view) point(ctx context.Context, p pointer) error {
	if err := v.samePointer(ctx); err != nil {
		return err
	}
	m, err := artifact(typeLive, p.annotations())
	if err != nil {
		return err
	}
	if len(v.numbers) == 0 && !v.fixed(pointerTag(v.tag)) {
		err := v.putArtifact(ctx, m, pointerTag(v.tag))
		if err == nil || !registries.IsImmutable(err) {
			return err
		}
	}
	return v.putArtifact(ctx, m, numberedTag(v.tag, v.nextNumber()))
}

// putArtifact writes an artifact, with its blob where somebody has deleted that.
func (v *view) putArtifact(ctx context.Context, m oci.Manifest, tag string) error {
	err := v.repo.Keep(ctx, m, tag)
	if !registries.LacksBlob(err) {
		return err
	}
	if err := v.uploadEmpty(ctx); err != nil {
		return err
	}
	return v.repo.Keep(ctx, m, tag)
}

// untag takes the environment's tag away: nothing is live.
func (s spot) untag(ctx context.Context) (delivery.Outcome, error) {
	v, err := s.look(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if v.facts.Pointer.Version == "" {
		return delivery.Outcome{Nothing: true}, nil
	}
	now := v.next(ctx, "", "", "")
	var out delivery.Outcome
	if _, there := v.list.Tags[v.facts.Tag]; there {
		if err := v.samePointer(ctx); err != nil {
			return delivery.Outcome{}, err
		}
		left, err := s.repo.Delete(ctx, []string{v.facts.Tag})
		if err != nil {
			return delivery.Outcome{}, err
		}
		if len(left) > 0 {
			now.Tag = v.facts.Tag
			out.Note = "nothing is live, but the registry deletes no tags: " + v.facts.Tag + " stays on " + v.facts.Live
		}
	}
	return out, v.point(ctx, now)
}
