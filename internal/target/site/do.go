package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Do does one step. A step that was done already is done again without effect.
func (t *Target) Do(ctx context.Context, p delivery.Placement, step delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if report == nil {
		report = func(delivery.Progress) {}
	}
	if step.Action != actRemove && p.Version != step.Version {
		return delivery.Outcome{}, fault.New(fault.Invalid, "a step for %s is not one of %s", step.Version, orNothing(p.Version))
	}
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.Outcome{}, err
	}
	var out delivery.Outcome
	switch step.Action {
	case actCopy:
		out, err = t.layOut(ctx, s, report)
	case actSwitch:
		out, err = t.flip(ctx, s, report)
	case actInvalidate:
		out, err = t.invalidate(ctx, s)
	case actRemove:
		out, err = t.remove(ctx, s, step.Version)
	default:
		err = fault.New(fault.Invalid, "the site target has no step %q", step.Action)
	}
	if err != nil {
		err = s.whose(ctx, err)
		return delivery.Outcome{}, s.explain(strings.TrimSpace(step.Action+" "+step.Version), err)
	}
	return out, nil
}

// layOut copies what a release lacks: new files to their paths, where nothing
// refers to them, the others beside the site. The record is written last.
func (t *Target) layOut(ctx context.Context, s spot, report func(delivery.Progress)) (delivery.Outcome, error) {
	v, err := t.view(ctx, s)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if err := v.check(); err != nil {
		return delivery.Outcome{}, err
	}
	if err := v.adopt(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	old, there := v.records[s.Version]
	l := v.layout()
	if there && v.isReady(old) && l.isEmpty() {
		return delivery.Outcome{Nothing: true}, nil
	}
	r := record{
		Schema: schemaOf(l.files), App: s.App, Component: s.Component, Version: s.Version, Digest: s.Artifact.Digest,
		Files: l.files, Saved: old.Saved, Operation: s.operation.ID, Key: s.set.noted(),
	}
	if there && old.Ready {
		r.Key = old.Key // most files are those of then
	}
	tag := v.tags[s.Version]
	if !there || old.Removing != nil {
		if tag, err = s.write(ctx, s.recordKey(s.Version), r, tag); err != nil {
			return delivery.Outcome{}, err
		}
	}
	r.Files = slices.Clone(r.Files) // what was written is remembered as it was
	if err := t.copies(ctx, v, l, &r, report); err != nil {
		return delivery.Outcome{}, err
	}
	var added []string
	for _, i := range l.place {
		added = append(added, s.set.folder()+l.files[i].Path)
	}
	for _, i := range l.stage {
		added = append(added, s.stagedKey(l.files[i].Digest))
	}
	t.mark(v, added)
	r.Ready = true
	_, err = s.write(ctx, s.recordKey(s.Version), r, tag)
	return delivery.Outcome{}, err
}

// check refuses what would go wrong: a folder that is another component's, and
// keys that S3 does not take.
func (v *view) check() error {
	if r, ok := v.records[v.Version]; ok && r.Digest != v.Artifact.Digest {
		err := fault.New(fault.Conflict, "%s is there with other content (%s, not %s)", v.Version, r.Digest, v.Artifact.Digest)
		return fault.Hint(err, "pack it under another version")
	}
	for _, f := range v.site.Files {
		key := v.set.folder() + f.Path
		switch {
		case inState(f.Path) || f.Path == stateDir:
			return fault.New(fault.Invalid, "%q lies where Falkirk keeps its own", f.Path)
		case len(key) > 1024 || !utf8.ValidString(key):
			return fault.New(fault.Invalid, "%.80q… is too long for a key of S3: 1024 bytes", key)
		}
		for _, c := range v.claims {
			if strings.HasPrefix(f.Path, c.folder) {
				err := fault.New(fault.Refused, "%q lies in s3://%s%s, which is component %s of app %s", f.Path, v.set.placeKey(), c.folder, c.component, c.app)
				return fault.Hint(err, "give one of the two another bucket or prefix")
			}
		}
	}
	return nil
}

// copies does the copies of a layout, as many at once as go well, and notes
// their ETags.
func (t *Target) copies(ctx context.Context, v *view, l layout, r *record, report func(delivery.Progress)) error {
	p := progress{total: int64(len(l.place) + len(l.stage) + len(l.save)), report: report}
	saved := make([]kept, len(l.save))
	staged := make([]string, len(l.stage))
	err := v.s3.Each(ctx, int(p.total), func(ctx context.Context, i int) (err error) {
		defer p.step()
		if i < len(l.place) {
			f := &r.Files[l.place[i]]
			f.ETag, err = t.bring(ctx, v, f.File, v.set.folder()+f.Path, v.objects[f.Path])
			return err
		}
		if i -= len(l.place); i < len(l.stage) {
			f := r.Files[l.stage[i]]
			staged[i], err = t.bring(ctx, v, f.File, v.stagedKey(f.Digest), v.staged[f.Digest])
			return err
		}
		i -= len(l.stage)
		saved[i], err = v.keepBeside(ctx, l.save[i])
		return err
	})
	if err != nil {
		return err
	}
	tags := map[string]string{}
	for i, at := range l.stage {
		tags[r.Files[at].Digest] = staged[i]
	}
	for _, k := range saved {
		tags[k.Digest] = k.ETag
	}
	for i, f := range r.Files {
		if tag, ok := tags[f.Digest]; ok && f.Staged {
			r.Files[i].ETag = tag
		}
	}
	r.Saved = append(r.Saved, saved...)
	return nil
}

// bring copies a file from the store to a key, in the place of the object that
// the listing had there.
func (t *Target) bring(ctx context.Context, v *view, f delivery.File, key string, was s3x.Object) (string, error) {
	item := v.item(f, key)
	item.Was, item.Not = was.ETag, v.avoid[key]
	if l, ok := t.opt.Store.(Located); ok {
		if bucket, from, ok := l.Where(f.Digest); ok {
			return v.s3.Copy(ctx, s3x.Place{Bucket: bucket, Key: from}, "", item)
		}
	}
	body, err := t.opt.Store.Open(ctx, f.Digest)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", f.Path, err)
	}
	defer func() { _ = body.Close() }() // only read
	return v.s3.Upload(ctx, body, item)
}

func (s spot) item(f delivery.File, key string) s3x.Item {
	return s3x.Item{
		To: s.at(key), Size: f.Size, Digest: f.Digest, Type: f.Type, Cache: f.CacheHeader(),
		Coding: f.Encoding, Meta: f.Metadata.Map(), Key: s.set.KMSKey,
	}
}

// keepBeside copies what stands at a path to beside the site.
func (v *view) keepBeside(ctx context.Context, s save) (kept, error) {
	key := v.stagedKey(s.digest)
	item := v.item(v.saved(s), key)
	item.Was, item.Not = v.staged[s.digest].ETag, v.avoid[key]
	tag, err := v.s3.Copy(ctx, v.at(v.set.folder()+s.path), v.objects[s.path].ETag, item)
	return kept{s.digest, tag}, err
}

// saved is what stands at a path as a file.
func (v *view) saved(s save) delivery.File {
	c, _ := v.holds(s.path)
	return delivery.File{Path: s.path, Digest: s.digest, Size: s.size, Type: c.Type, Cache: c.Cache, Headers: c.Headers}
}

// progress counts what is done.
type progress struct {
	done   atomic.Int64
	total  int64
	report func(delivery.Progress)
}

func (p *progress) step() {
	p.report(delivery.Progress{Done: p.done.Add(1), Total: p.total, Unit: "files"})
}
