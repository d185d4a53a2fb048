package site

import (
	"context"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// remove deletes what only one version needs, and its record last. What the
// target did not make stays. The record says first what is deleted, so that who
// comes after a removal that did not end knows which deletes may still arrive.
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
	if err := v.adopt(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	paths, digests := v.only(version)
	objects := v.listed(paths)
	for _, d := range digests {
		objects = append(objects, v.staged[d])
	}
	if err := v.beginRemoval(ctx, version, objects); err != nil {
		return delivery.Outcome{}, err
	}
	if _, err := s.s3.Delete(ctx, s.set.Bucket, objects); err != nil {
		return delivery.Outcome{}, err
	}
	last := []s3x.Object{{Key: s.recordKey(version), ETag: v.tags[version]}}
	if len(v.records) == 1 && v.live.Version == "" && v.liveTag != "" && len(v.stillAvoided()) == 0 {
		last = append(last, s3x.Object{Key: s.pointerKey(), ETag: v.liveTag})
	}
	if _, err := s.s3.Delete(ctx, s.set.Bucket, last); err != nil {
		return delivery.Outcome{}, err
	}
	t.forget(v, version, paths, digests)
	return delivery.Outcome{}, nil
}

// beginRemoval writes down what is about to be deleted. Where nothing but the
// record is, that is deleted at once.
func (v *view) beginRemoval(ctx context.Context, version string, objects []s3x.Object) (err error) {
	if len(objects) == 0 {
		return nil
	}
	r := v.records[version]
	r.Operation = v.operation.ID
	r.Removing = &removing{Operation: v.operation.ID, Objects: map[string]string{}}
	for _, o := range objects {
		r.Removing.Objects[o.Key] = o.ETag
	}
	v.tags[version], err = v.write(ctx, v.recordKey(version), r, v.tags[version])
	return err
}

// forget leaves what was deleted out of the last look.
func (t *Target) forget(v *view, version string, paths, digests []string) {
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
}
