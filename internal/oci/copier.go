package oci

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
)

// width is how many blobs of one image are on their way at once.
const width = 8

// Copier copies images between registries. In its life each blob goes into a
// registry once; further repositories mount it from there. It may be used from
// many goroutines.
type Copier struct {
	mu      sync.Mutex
	active  int                 // copies under way
	flights map[landing]*flight // a blob or manifest into a repository; forgotten when no copy is under way
	homes   map[landing]*flight // a blob into a registry; its repository is empty
	mounts  map[string]bool     // false: the registry does not mount
}

type landing struct{ registry, repository, digest string }

// flight is a blob on its way, or there when done is closed without an error.
type flight struct {
	done       chan struct{}
	repository string
	err        error
}

// Wish says what is to be copied.
type Wish struct {
	Digest string // of the image or index
	Tag    string // the tag that it gets, at the very end; none if empty
	Alone  bool   // without what refers to it
	// Report, where it is set, is told the bytes that have passed, one at a time.
	Report func(passed, total int64)
}

// Copied is what a copy came to.
type Copied struct {
	Uploaded, Mounted int   // blobs
	Bytes             int64 // of the blobs uploaded
	Manifests         int   // written
	Referrers         int   // that came along, written or there
}

// Copy brings an image or index to a repository, whole and byte for byte, with
// what refers to it. What is there is not sent again. The order is: blobs,
// images, indexes, referrers, tag; so an interrupted copy has no tag.
func (c *Copier) Copy(ctx context.Context, to To, from From, w Wish) (Copied, error) {
	c.begin()
	defer c.end()
	j := &transfer{copier: c, to: to, from: from, wish: w, seen: map[string]bool{}}
	err := j.run(ctx)
	if err != nil {
		err = fmt.Errorf("copy %s to %s/%s: %w", w.Digest, to.Registry(), to.Name(), err)
	}
	return j.out, err
}

// transfer is one copy.
type transfer struct {
	copier *Copier
	to     To
	from   From
	wish   Wish
	seen   map[string]bool // manifests and blobs that were met

	mu     sync.Mutex
	passed int64
	total  int64
	out    Copied
}

func (j *transfer) run(ctx context.Context) error {
	image, err := j.family(ctx, j.wish.Digest, 0)
	if err != nil {
		return err
	}
	relations, err := j.relations(ctx, image)
	if err != nil {
		return err
	}
	tagged, err := j.plant(ctx, image, len(relations) == 0)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if err := j.relate(ctx, r); err != nil {
			return err
		}
	}
	if tagged || j.wish.Tag == "" {
		return nil
	}
	if has, err := j.to.Digest(ctx, j.wish.Tag); has == j.wish.Digest || err != nil {
		return err
	}
	return j.put(ctx, image.root(), j.wish.Tag)
}

// family is a manifest and what it leads to.
type family struct {
	manifests []Manifest // each after those that it lists, the root last
	blobs     []Descriptor
}

func (t family) root() Manifest { return t.manifests[len(t.manifests)-1] }

func (j *transfer) family(ctx context.Context, digest string, depth int) (family, error) {
	var t family
	if depth > maxDepth {
		return t, fault.New(fault.Invalid, "indexes inside of indexes, more than %d deep", maxDepth)
	}
	m, err := j.from.Manifest(ctx, digest)
	if err != nil {
		return t, err
	}
	parsed, err := parseManifest(m.Raw, digest)
	if err != nil {
		return t, err
	}
	for _, d := range parsed.Manifests {
		switch {
		case j.seen[d.Digest.String()]:
		case d.MediaType.IsIndex() || d.MediaType.IsImage():
			inner, err := j.family(ctx, d.Digest.String(), depth+1)
			if err != nil {
				return t, err
			}
			t.manifests, t.blobs = append(t.manifests, inner.manifests...), append(t.blobs, inner.blobs...)
		default:
			t.blobs = j.leaf(t.blobs, d)
		}
	}
	if parsed.Config != nil {
		t.blobs = j.leaf(t.blobs, *parsed.Config)
	}
	for _, d := range parsed.Layers {
		if len(d.URLs) == 0 { // else it is fetched from there, and not from a registry
			t.blobs = j.leaf(t.blobs, d)
		}
	}
	j.seen[digest] = true
	t.manifests = append(t.manifests, m)
	return t, nil
}

func (j *transfer) leaf(list []Descriptor, d Descriptor) []Descriptor {
	if j.seen[d.Digest.String()] {
		return list
	}
	j.seen[d.Digest.String()] = true
	return append(list, d)
}

// plant writes a family, unless its root is there: then so is the rest. With tag
// the root is written under the wish's tag at once, to write it only once.
func (j *transfer) plant(ctx context.Context, f family, tag bool) (tagged bool, err error) {
	root := f.root()
	err = j.once(ctx, root.Digest, func() error {
		if err := j.branches(ctx, f); err != nil {
			return err
		}
		if tagged = tag && j.wish.Tag != ""; tagged {
			return j.put(ctx, root, j.wish.Tag)
		}
		return j.put(ctx, root, root.Digest)
	})
	return tagged, err
}

// branches writes all of a family but its root.
func (j *transfer) branches(ctx context.Context, f family) error {
	if err := j.blobs(ctx, f.blobs); err != nil {
		return err
	}
	for _, m := range f.manifests[:len(f.manifests)-1] {
		if err := j.once(ctx, m.Digest, func() error { return j.put(ctx, m, m.Digest) }); err != nil {
			return err
		}
	}
	return nil
}

// once has a manifest written that is not there, by one of those that want it at
// the same time.
func (j *transfer) once(ctx context.Context, digest string, write func() error) error {
	key := landing{j.to.Registry(), j.to.Name(), "manifest " + digest}
	_, err := j.copier.once(ctx, j.copier.flights, key, j.to.Name(), func() error {
		if has, err := j.to.Digest(ctx, digest); has != "" || err != nil {
			return err
		}
		return write()
	})
	return err
}

func (j *transfer) put(ctx context.Context, m Manifest, reference string) error {
	_, err := j.to.Put(ctx, m, reference)
	if err == nil {
		j.out.Manifests++
	}
	return err
}

// blobs uploads those that lack, the largest first. What other copies have on
// their way to the repository is not asked for, but waited for.
func (j *transfer) blobs(ctx context.Context, all []Descriptor) error {
	var ask []string
	var todo, unknown []Descriptor
	for _, d := range all {
		if j.copier.knows(j.to, d.Digest.String()) {
			todo = append(todo, d)
		} else {
			ask, unknown = append(ask, d.Digest.String()), append(unknown, d)
		}
	}
	lacking, err := j.to.Lacks(ctx, ask)
	if err != nil {
		return err
	}
	for _, d := range unknown {
		if slices.Contains(lacking, d.Digest.String()) {
			todo = append(todo, d)
			j.total += d.Size
		} else {
			j.copier.found(j.to, d.Digest.String())
		}
	}
	slices.SortStableFunc(todo, func(a, b Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(width)
	for _, d := range todo {
		group.Go(func() error { return j.blob(ctx, d) })
	}
	return group.Wait()
}

func (j *transfer) blob(ctx context.Context, d Descriptor) error {
	how, err := j.copier.land(ctx, j.to, d.Digest.String(), func(from string) (bool, error) {
		return j.to.Upload(ctx, d, from, func(ctx context.Context) (io.ReadCloser, error) {
			body, err := j.from.Blob(ctx, d.Digest.String())
			if err != nil {
				return nil, err
			}
			return newSure(ctx, body, d, j.pass), nil
		})
	})
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch how {
	case uploaded:
		j.out.Uploaded++
		j.out.Bytes += d.Size
	case mounted:
		j.out.Mounted++
	}
	return nil
}

// pass counts bytes on their way.
func (j *transfer) pass(n int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.passed += n
	if j.wish.Report != nil {
		j.wish.Report(min(j.passed, j.total), j.total)
	}
}
