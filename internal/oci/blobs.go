package oci

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Large is the size in bytes from which it is worth a question whether a blob is
// there. Smaller ones are looked for by the request that begins their upload.
const Large = 8 << 20

// blobs uploads those that lack, the largest first. What other copies have on
// their way to the repository is not asked for, but waited for.
func (j *transfer) blobs(ctx context.Context, all []Descriptor) error {
	todo, err := j.missing(ctx, all)
	if err != nil {
		return err
	}
	slices.SortStableFunc(todo, func(a, b Descriptor) int { return cmp.Compare(b.Size, a.Size) })
	var group errgroup.Group // what is on its way arrives, though another fails
	var failed atomic.Bool
	for _, d := range todo {
		group.Go(func() error {
			if failed.Load() {
				return nil
			}
			err := j.blob(ctx, d)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	return group.Wait()
}

func (j *transfer) missing(ctx context.Context, all []Descriptor) ([]Descriptor, error) {
	var todo, ask []Descriptor
	for _, d := range all {
		switch digest := d.Digest.String(); {
		case j.copier.knows(j.to, digest):
			todo = append(todo, d)
		case j.wish.There[digest]:
			j.copier.found(j.to, digest)
		default:
			ask = append(ask, d)
		}
	}
	if len(ask) == 0 {
		return todo, nil
	}
	lacking, err := j.to.Lacks(ctx, ask)
	if err != nil {
		return nil, err
	}
	lacks := map[string]bool{}
	for _, d := range lacking {
		lacks[d.Digest.String()] = true
	}
	for _, d := range ask {
		if lacks[d.Digest.String()] {
			todo = append(todo, d)
			j.total += d.Size
		} else {
			j.copier.found(j.to, d.Digest.String())
		}
	}
	return todo, nil
}

// blob has one blob brought into the repository.
func (j *transfer) blob(ctx context.Context, d Descriptor) error {
	how, err := j.copier.land(ctx, j.to, d.Digest.String(), func(from string) (How, error) { return j.send(ctx, d, from) })
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch how {
	case Uploaded:
		j.out.Uploaded++
		j.out.Bytes += d.Size
	case Mounted:
		j.out.Mounted++
	case There:
	}
	return nil
}

// send is blob when it is this copy's turn.
func (j *transfer) send(ctx context.Context, d Descriptor, from string) (How, error) {
	select {
	case j.copier.slots <- struct{}{}:
		defer func() { <-j.copier.slots }()
	case <-ctx.Done():
		return There, ctx.Err()
	}
	if j.wish.Halt != nil {
		if err := j.wish.Halt(); err != nil {
			return There, err
		}
	}
	other := ""
	if from == "" {
		other = j.elsewhere(ctx, d)
		from = other
	}
	how, err := j.to.Upload(ctx, d, from, func(ctx context.Context) (*Stream, error) {
		return NewStream(ctx, d, func(ctx context.Context, offset int64) (io.ReadCloser, error) {
			return j.origin(ctx, d, offset)
		}, j.pass)
	})
	if other != "" && err == nil {
		j.copier.learn(j.to.Registry(), how == Mounted)
	}
	return how, err
}

// elsewhere is another repository of the registry that has a blob from before:
// asked for of large ones, which are known to lack here.
func (j *transfer) elsewhere(ctx context.Context, d Descriptor) string {
	if j.wish.Elsewhere == nil || d.Size < Large || !j.copier.mayMount(j.to.Registry()) {
		return ""
	}
	return j.wish.Elsewhere(ctx, d)
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
