package site

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack/tree"
)

// whole is the size up to which a file is read once, into memory. A larger one
// is hashed first and read again only if the store lacks it, so that packing
// what is there already writes nothing.
const whole = 1 << 20

// content stores the bytes of all files on all cores and fills in their
// digests. It gives the sum of the sizes, each digest counted once.
func (p packer) content(ctx context.Context, files []tree.File, out []delivery.File, report func(delivery.Progress)) (int64, error) {
	progress := delivery.Progress{Unit: "bytes"}
	for _, f := range files {
		progress.Total += f.Size
	}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(p.parallel())
	for i, f := range files {
		g.Go(func() (err error) {
			if err := gctx.Err(); err != nil {
				return err
			}
			if out[i].Digest, err = p.file(gctx, f); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			progress.Done += f.Size
			report(progress)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	sizes := make(map[string]int64, len(out))
	for _, f := range out {
		sizes[f.Digest] = f.Size
	}
	var sum int64
	for _, n := range sizes {
		sum += n
	}
	return sum, nil
}

// parallel is one per core, or as many as the store says that it takes at once.
func (p packer) parallel() int {
	if wide, ok := p.store.(interface{ Parallel() int }); ok {
		return wide.Parallel()
	}
	return runtime.GOMAXPROCS(0)
}

func (p packer) file(ctx context.Context, f tree.File) (digest string, err error) {
	if f.Size <= whole {
		var b bytes.Buffer
		b.Grow(int(f.Size) + bytes.MinRead)
		if _, err := read(ctx, f, &b); err != nil {
			return "", err
		}
		return p.store.WriteBytes(ctx, b.Bytes())
	}
	if digest, err = read(ctx, f, io.Discard); err != nil {
		return "", err
	}
	if has, err := p.store.Has(ctx, digest); has || err != nil {
		return digest, err
	}
	blob, err := p.store.Write(ctx)
	if err != nil {
		return "", err
	}
	defer blob.Discard()
	again, err := read(ctx, f, blob)
	if err != nil {
		return "", err
	}
	if again != digest {
		return "", fault.New(fault.Conflict, "%q changed while it was being packed", f.Path)
	}
	_, _, err = blob.Commit(ctx)
	return digest, err
}

// read copies a file and gives its digest.
func read(ctx context.Context, f tree.File, w io.Writer) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	buffer := make([]byte, min(f.Size+1, 128<<10))
	if _, err := io.CopyBuffer(writeOnly{io.MultiWriter(w, h)}, until{ctx, r}, buffer); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// until is a reader that ends with its context, between two reads.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// writeOnly hides other methods, so that the buffer given is the one used.
type writeOnly struct{ io.Writer }
