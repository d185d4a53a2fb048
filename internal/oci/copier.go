package oci

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// width is how many manifests of one image are on their way at once.
const width = 8

// streams is how many blobs a copier has on their way at once.
const streams = 24

// Copier copies images between registries. In its life each blob goes into a
// registry once; further repositories mount it from there. It may be used from
// many goroutines.
type Copier struct {
	slots chan struct{} // taken by each blob on its way
	wide  chan struct{} // taken by the one that is read in stretches
	spare spare         // of whoever has that

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
	Digest string // of the image or index, or a tag that it has where it comes from
	Tag    string // the tag that it gets, at the very end; none if empty
	Alone  bool   // without what refers to it
	// Fresh says that nothing has a name in the repository yet, so that manifests
	// are written without a question.
	Fresh bool
	// There are blobs that are known to be in the repository, by digest.
	There map[string]bool
	// Tags are those where it comes from, where they are known already.
	Tags []string
	// Elsewhere, where it is set, names another repository of the destination's
	// registry that has a blob; "" if it finds none.
	Elsewhere func(ctx context.Context, d Descriptor) string
	// Report, where it is set, is told the bytes that have passed, one at a time.
	Report func(passed, total int64)
	// Halt, where it is set, is asked before each blob: an error stops the copy
	// there, and what is on its way still arrives.
	Halt func() error
}

// Copied is what a copy came to.
type Copied struct {
	Digest            string // of the image
	Uploaded, Mounted int    // blobs
	Bytes             int64  // of the blobs uploaded
	Manifests         int    // written
	Referrers         int    // that came along, written or there
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
	slow   atomic.Bool     // one connection to where it comes from gives little

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
	root := image.root()
	j.out.Digest = root.Digest
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
	return j.name(ctx, root, j.wish.Tag)
}
