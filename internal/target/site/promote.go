package site

import (
	"context"
	"maps"
	"slices"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// flip makes a release live, from copies inside the bucket: first the files
// whose names stay, then the entry points, the deepest first and the root's
// index last, then those that the release does not have are removed, and the
// pointer is written.
func (t *Target) flip(ctx context.Context, s spot, report func(delivery.Progress)) (delivery.Outcome, error) {
	v, err := t.view(ctx, s)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if s.Version != "" && !v.isReady(v.records[s.Version]) {
		err := fault.New(fault.Refused, "%s is not provisioned, or no longer whole", s.Version)
		return delivery.Outcome{}, fault.Hint(err, "falkirk provision %s --to %s", s.Version, s.Place.Environment)
	}
	if v, err = t.takeOver(ctx, v); err != nil {
		return delivery.Outcome{}, err
	}
	m := v.move(s.Version)
	if m.isEmpty() && v.live.Version == s.Version && v.live.Moving == nil && v.liveTag != "" {
		return delivery.Outcome{Nothing: true}, nil
	}
	if err := v.begin(ctx, m); err != nil {
		return delivery.Outcome{}, err
	}
	p := &progress{total: int64(len(m.changed) + len(m.entries)), report: report}
	tags := map[string]string{}
	for _, wave := range m.waves() {
		if err := v.wave(ctx, wave, tags, p); err != nil {
			return delivery.Outcome{}, err
		}
	}
	if _, err := s.s3.Delete(ctx, s.set.Bucket, v.listed(m.remove)); err != nil {
		return delivery.Outcome{}, err
	}
	return delivery.Outcome{}, v.settle(ctx, m, tags)
}

// begin saves what would have no copy left, and writes down which paths are
// about to change.
func (v *view) begin(ctx context.Context, m move) error {
	saves := v.saves(m)
	err := v.s3.Each(ctx, len(saves), func(ctx context.Context, i int) error {
		_, err := v.keepBeside(ctx, saves[i])
		return err
	})
	if err != nil || m.isEmpty() {
		return err
	}
	v.live.Moving = v.moving(m)
	v.liveTag, err = v.writePointer(ctx, &v.live, v.liveTag)
	return err
}

// saves is what a promotion would overwrite and has no copy beside the site.
func (v *view) saves(m move) []save {
	var l layout
	staging := map[string]bool{}
	for _, f := range slices.Concat(m.changed, m.entries) {
		if c, known := v.holds(f.Path); known {
			l.keep(v, f.Path, c, staging)
		}
	}
	return l.save
}

// moving notes what a promotion is about to write or remove, beside what one
// that was killed was about to.
func (v *view) moving(m move) *moving {
	next := &moving{To: v.Version, Operation: v.operation.ID, Paths: map[string]string{}, Remove: map[string]string{}}
	for _, f := range slices.Concat(m.changed, m.entries) {
		next.Paths[f.Path] = v.objects[f.Path].ETag
	}
	for _, path := range m.remove {
		next.Paths[path] = v.objects[path].ETag
		next.Remove[path] = v.objects[path].ETag
	}
	if old := v.live.Moving; old != nil {
		maps.Copy(next.Paths, old.Paths)
	}
	return next
}

// waves are the files to be written one wave after the other.
func (m move) waves() [][]laid {
	all := [][]laid{m.changed}
	for i, f := range m.entries {
		if i == 0 || rank(f.Path) != rank(m.entries[i-1].Path) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], f)
	}
	return all
}

// wave writes files from their copies beside the site.
func (v *view) wave(ctx context.Context, files []laid, tags map[string]string, p *progress) error {
	got := make([]string, len(files))
	err := v.s3.Each(ctx, len(files), func(ctx context.Context, i int) (err error) {
		defer p.step()
		f := files[i]
		from, ok := v.beside(f.Digest, f.Size)
		if !ok { // it stood at its path when that began to change
			return fault.New(fault.Conflict, "%q of %s has no copy beside the site", f.Path, v.Version)
		}
		item := v.item(f.File, v.set.folder()+f.Path)
		item.Was, item.Not = v.objects[f.Path].ETag, v.avoid[item.To.Key]
		got[i], err = v.s3.Copy(ctx, v.at(from.Key), from.ETag, item)
		return err
	})
	for i, f := range files {
		tags[f.Path] = got[i]
	}
	return err
}

func (v *view) keys(paths []string) []string {
	all := make([]string, len(paths))
	for i, p := range paths {
		all[i] = v.set.folder() + p
	}
	return all
}

// listed are the objects that the listing had at these paths.
func (v *view) listed(paths []string) []s3x.Object {
	all := make([]s3x.Object, len(paths))
	for i, p := range paths {
		all[i] = v.objects[p]
	}
	return all
}

// settle writes the pointer: the release is live.
func (v *view) settle(ctx context.Context, m move, tags map[string]string) error {
	next := v.settled(m, tags)
	_, err := v.writePointer(ctx, &next, v.liveTag)
	return err
}

// settled is the pointer after a promotion.
func (v *view) settled(m move, tags map[string]string) pointer {
	next := v.live
	next.Version, next.Moving, next.Serial = v.Version, nil, v.live.Serial+1
	next.Written = map[string]written{}
	for path, w := range v.live.Written {
		if _, there := v.objects[path]; there && !slices.Contains(m.remove, path) {
			next.Written[path] = w
		}
	}
	for _, f := range slices.Concat(m.changed, m.entries) {
		next.Written[f.Path] = written{contentOf(f.File), tags[f.Path], f.Entry}
	}
	next.Schema = next.lowestSchema()
	next.Marks = v.marks(nil)
	next.Avoid, next.Renewed = v.stillAvoided(), v.stillRenewed()
	if v.set.Distribution == "" || m.isEmpty() {
		return next
	}
	next.Stale = slices.Sorted(maps.Keys(v.moving(m).Paths))
	next.Stale = append(next.Stale, v.live.Stale...)
	slices.Sort(next.Stale)
	next.Stale, next.Invalidation = slices.Compact(next.Stale), ""
	return next
}
