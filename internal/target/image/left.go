package image

import (
	"context"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// left are the versions that were pruned and whose tags the registry could not
// remove: an artifact names them, so that they count as gone.
func (v *view) left(ctx context.Context) ([]string, error) {
	if _, ok := v.list.Tags[leftTag(v.tag)]; !ok {
		return nil, nil
	}
	m, err := v.repo.Manifest(ctx, leftTag(v.tag))
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return strings.Fields(m.Annotations()["falkirk.left"]), err
}

// leave notes which versions were left.
func (v *view) leave(ctx context.Context, versions []string) error {
	slices.Sort(versions)
	m, err := artifact(typeLeft, map[string]string{
		"falkirk.app": v.App, "falkirk.component": v.Component, "falkirk.left": strings.Join(slices.Compact(versions), " "),
	})
	if err != nil {
		return err
	}
	return v.putArtifact(ctx, m, leftTag(v.tag))
}

// unleave counts the placement's own version again, which is provisioned anew.
func (v *view) unleave(ctx context.Context) error {
	left, err := v.left(ctx)
	if err != nil || !slices.Contains(left, v.Version) {
		return err
	}
	return v.leave(ctx, slices.DeleteFunc(left, func(x string) bool { return x == v.Version }))
}

// leftOver notes the versions whose release tags are still there after a prune.
func (s spot) leftOver(ctx context.Context, versions []string) (delivery.Outcome, error) {
	v := view{spot: s}
	var err error
	if v.list, err = s.repo.List(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	var still []string
	for _, version := range versions {
		if tag, err := releaseTag(s.tag, version); err == nil && v.has(ctx, tag) {
			still = append(still, version)
		}
	}
	if len(still) == 0 {
		return delivery.Outcome{}, nil
	}
	before, err := v.left(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	note := "the registry " + s.repo.Registry() + " cannot delete; left there: " + strings.Join(still, ", ")
	return delivery.Outcome{Note: note}, v.leave(ctx, append(before, still...))
}

// has asks whether a tag is there; one that is listed may lead nowhere.
func (v *view) has(ctx context.Context, tag string) bool {
	d, err := v.digest(ctx, tag)
	return err != nil || d != ""
}
