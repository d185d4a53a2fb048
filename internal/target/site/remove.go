package site

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// remove deletes what only one version needs, and its record last. What the
// target did not make stays.
func (t *Target) remove(ctx context.Context, s spot, version string) (delivery.Outcome, error) {
	v, err := t.view(ctx, s)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if v.live.Version == version || v.live.Moving != nil {
		return delivery.Outcome{}, fault.New(fault.Refused, "%s is live, or a promotion has not ended", version)
	}
	if _, there := v.records[version]; !there {
		t.keep(v)
		return delivery.Outcome{Nothing: true}, nil
	}
	paths, digests := v.only(version)
	keys := v.keys(paths)
	for _, d := range digests {
		keys = append(keys, v.stagedKey(d))
	}
	if _, err := s.s3.Delete(ctx, s.set.Bucket, keys); err != nil {
		return delivery.Outcome{}, err
	}
	last := []string{s.recordKey(version)}
	if len(v.records) == 1 && v.live.Version == "" && v.liveTag != "" {
		last = append(last, s.pointerKey())
	}
	if _, err := s.s3.Delete(ctx, s.set.Bucket, last); err != nil {
		return delivery.Outcome{}, err
	}
	for _, p := range paths {
		delete(v.objects, p)
	}
	for _, d := range digests {
		delete(v.staged, d)
	}
	delete(v.records, version)
	delete(v.tags, version)
	v.index()
	t.keep(v)
	return delivery.Outcome{}, nil
}
