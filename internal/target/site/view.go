package site

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// view is what one look at a site found: one listing, and the state objects.
type view struct {
	spot
	objects map[string]s3x.Object // of the site, by path
	staged  map[string]s3x.Object // beside it, by digest
	claims  []claim               // of other components, at or below the folder
	records map[string]record     // by version
	tags    map[string]string     // ETags of the records, by version
	live    pointer
	liveTag string
	site    delivery.Site // of the placement's own version

	avoid     map[string]string             // by key: ETags that a late delete of a former holder may name
	known     map[string]map[string]content // by path and ETag: what provisionings laid out
	stageTags map[string]map[string]bool    // by digest: ETags that copies beside the site had
	when      time.Time
	missing   bool // there is no such bucket
}

// claim is a folder that another component has as its own.
type claim struct{ folder, app, component string }

// errMoved says that a state object is another one than was listed, or none any more.
var errMoved = errors.New("changed while it was being read")

// look is lookOnce, and again where another operation changed the state between the
// listing and the reading: a look holds no lock. What changes each time is a conflict.
func (t *Target) look(ctx context.Context, s spot) (*view, error) {
	const looks = 5
	for n := 1; ; n++ {
		v, err := t.lookOnce(ctx, s)
		if !errors.Is(err, errMoved) {
			return v, err
		}
		if n == looks {
			return nil, fault.Hint(err, "another operation works there: falkirk lock show %s, then repeat the command", s.Place.Environment)
		}
	}
}

// lookOnce lists the bucket's folder and reads the state objects while the pages
// arrive. An object of the site itself is never asked about.
func (t *Target) lookOnce(ctx context.Context, s spot) (*view, error) {
	v := &view{
		spot: s, when: t.opt.Now(), objects: map[string]s3x.Object{}, staged: map[string]s3x.Object{},
		records: map[string]record{}, tags: map[string]string{},
		live: pointer{Schema: schema, App: s.App, Component: s.Component},
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	records := make(chan record, 1)
	var got []record
	collected := make(chan struct{})
	go func() {
		for r := range records {
			got = append(got, r)
		}
		close(collected)
	}()
	err := v.list(gctx, t.marks(ctx, s), func(o s3x.Object) {
		version, isRecord := strings.CutPrefix(o.Key, s.recordsDir())
		switch {
		case o.Key == s.pointerKey():
			v.liveTag = o.ETag
			group.Go(func() (err error) {
				v.live, err = fetch(gctx, t, s, o, func(p pointer) int { return p.Schema })
				return err
			})
		case isRecord:
			v.tags[strings.TrimSuffix(version, ".json")] = o.ETag
			group.Go(func() error {
				r, err := fetch(gctx, t, s, o, func(r record) int { return r.Schema })
				r.at = o.Modified
				records <- r
				return err
			})
		}
	})
	if waited := group.Wait(); waited != nil {
		err = waited
	}
	close(records)
	<-collected
	if err != nil {
		return nil, err
	}
	for _, r := range got {
		v.records[r.Version] = r
	}
	if err := t.ownFiles(ctx, v); err != nil {
		return nil, err
	}
	v.index()
	t.mark(v, nil)
	return v, nil
}

// marks are the keys between which the listing is asked for side by side: as
// the last look found them, or the last promotion wrote them down.
func (t *Target) marks(ctx context.Context, s spot) []string {
	t.mu.Lock()
	marks, known := t.marked[viewKey{s.Place, s.Component}]
	t.mu.Unlock()
	if known {
		return marks
	}
	p, tag, err := s.pointer(ctx)
	if err != nil || tag == "" {
		return nil // the listing says what is wrong, and works without
	}
	s.remember(s.pointerKey(), tag, p)
	return p.Marks
}

// mark keeps the marks for the next look, which will also find these keys.
func (t *Target) mark(v *view, more []string) {
	marks := v.marks(more)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marked[viewKey{v.Place, v.Component}] = marks
}

// marks are those of the keys that were found, and more.
func (v *view) marks(more []string) []string {
	all := slices.Clone(more)
	for _, o := range v.objects {
		all = append(all, o.Key)
	}
	for _, o := range v.staged {
		all = append(all, o.Key)
	}
	slices.Sort(all)
	return s3x.Marks(all)
}

func noBucket(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket"
}

// list sorts the objects of the folder into those of the site, those beside it,
// and state objects, which it gives to state.
func (v *view) list(ctx context.Context, marks []string, state func(s3x.Object)) error {
	seen := map[claim]bool{}
	err := v.s3.ListWide(ctx, v.set.Bucket, v.set.folder(), marks, func(o s3x.Object) {
		digits, isStaged := strings.CutPrefix(o.Key, v.stagedDir())
		path := strings.TrimPrefix(o.Key, v.set.folder())
		switch {
		case isStaged:
			v.staged["sha256:"+digits] = o
		case strings.HasPrefix(o.Key, v.dir()):
			state(o)
		case inState(path):
			if c := claimOf(path); !seen[c] {
				seen[c] = true
				v.claims = append(v.claims, c)
			}
		default:
			v.objects[path] = o
		}
	})
	if noBucket(err) {
		v.missing = true // what makes it may be a step before this component's
		return nil
	}
	return err
}

// claimOf reads whose state an object is.
func claimOf(path string) claim {
	i := strings.Index("/"+path, "/"+stateDir+"/")
	rest := strings.SplitN(path[i+len(stateDir)+1:], "/", 3)
	c := claim{folder: path[:i], app: rest[0]}
	if len(rest) > 1 {
		c.component = rest[1]
	}
	return c
}

// fetch reads a state object, unless it was read with this ETag before.
func fetch[T any](ctx context.Context, t *Target, s spot, o s3x.Object, schemaOf func(T) int) (T, error) {
	key := stateKey{s.set.Bucket, o.Key, o.ETag}
	t.mu.Lock()
	had, ok := t.read[key].(T)
	t.mu.Unlock()
	if ok {
		return had, nil
	}
	raw, tag, err := s.s3.Get(ctx, s.at(o.Key))
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Conflict, "%s %w: it is gone", s.at(o.Key), errMoved)
	}
	if err != nil {
		var none T
		return none, err
	}
	v, err := decode(raw, o.Key, schemaOf)
	if err == nil && tag != o.ETag {
		err = fault.New(fault.Conflict, "%s %w", s.at(o.Key), errMoved)
	}
	if err != nil {
		return v, err
	}
	s.remember(o.Key, tag, v)
	return v, nil
}

// ownFiles finds the files of the placement's version: what was laid out says
// them too, so that going back needs no store.
func (t *Target) ownFiles(ctx context.Context, v *view) (err error) {
	if v.Version == "" || v.Artifact.Digest == "" {
		return nil
	}
	if r, ok := v.records[v.Version]; ok && r.Digest == v.Artifact.Digest {
		for _, f := range r.Files {
			v.site.Files = append(v.site.Files, f.File)
		}
		return nil
	}
	v.site, err = t.manifest(ctx, v.Artifact.Digest)
	return err
}

// index notes which ETags are whose.
func (v *view) index() {
	v.known, v.stageTags = map[string]map[string]content{}, map[string]map[string]bool{}
	for _, r := range v.records {
		for _, f := range r.Files {
			switch {
			case f.ETag == "":
			case f.Staged:
				note(v.stageTags, f.Digest, f.ETag, true)
			default:
				note(v.known, f.Path, f.ETag, contentOf(f.File))
			}
		}
		for _, k := range r.Saved {
			note(v.stageTags, k.Digest, k.ETag, true)
		}
	}
	for digest, tag := range v.live.Renewed {
		note(v.stageTags, digest, tag, true)
	}
	v.trust()
	v.avoid = v.avoided()
}

// trust takes an object for what a script of plain commands laid there, which
// could not note the ETag: by its name and its size, where nobody knows better.
func (v *view) trust() {
	for _, r := range v.records {
		for _, f := range r.Files {
			o, there := v.objects[f.Path]
			if !r.Ready || f.Staged || f.ETag != "" || !there || o.Size != f.Size {
				continue
			}
			if _, known := v.known[f.Path][o.ETag]; !known {
				note(v.known, f.Path, o.ETag, contentOf(f.File))
			}
		}
	}
}

func note[V any](m map[string]map[string]V, a, b string, value V) {
	if m[a] == nil {
		m[a] = map[string]V{}
	}
	m[a][b] = value
}

// holds is what stands at a path, where that is known: what a promotion wrote
// there, or what a provisioning laid there.
func (v *view) holds(path string) (content, bool) {
	o, there := v.objects[path]
	if !there {
		return content{}, false
	}
	if m := v.live.Moving; m != nil {
		if _, open := m.Paths[path]; open {
			return content{}, false // it may have been written or not
		}
	}
	if w, ok := v.live.Written[path]; ok && w.ETag == o.ETag {
		return w.content, true
	}
	c, ok := v.known[path][o.ETag]
	return c, ok
}

// beside is the copy of a content beside the site, where it is as it was left.
// One that no record tells of is what a killed provisioning left: its name says
// what it is, and it came whole.
func (v *view) beside(digest string, size int64) (s3x.Object, bool) {
	o, there := v.staged[digest]
	tags := v.stageTags[digest]
	return o, there && o.Size == size && (len(tags) == 0 || tags[o.ETag] || tags[anyTag])
}

// leftOf is what a killed provisioning of a release laid at a path that was
// free before it.
func (v *view) leftOf(r record, f delivery.File) (s3x.Object, bool) {
	if r.Ready || r.Version == "" {
		return s3x.Object{}, false
	}
	l, ok := r.find(f.Path)
	o, there := v.objects[f.Path]
	return o, ok && there && !l.Staged && l.Digest == f.Digest && o.Size == f.Size && !o.Modified.Before(r.at)
}

// lacking lists the files of a record that could not be made live: neither at
// their path nor beside the site.
func (v *view) lacking(r record) []laid {
	var all []laid
	for _, f := range r.Files {
		if c, ok := v.holds(f.Path); ok && c == contentOf(f.File) {
			continue
		}
		if _, ok := v.beside(f.Digest, f.Size); !ok {
			all = append(all, f)
		}
	}
	return all
}

func (v *view) isReady(r record) bool { return r.Ready && len(v.lacking(r)) == 0 }

func (v *view) versions() []string { return slices.Sorted(maps.Keys(v.records)) }
