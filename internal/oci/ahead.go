package oci

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"falkirk/internal/fault"
)

// Ranged is a From that gives a stretch of a blob; false where it cannot.
type Ranged interface {
	Stretch(ctx context.Context, digest string, first, size int64) (io.ReadCloser, bool, error)
}

// What is left of a blob, from aheadFrom bytes on, is read in stretches, some of
// them side by side, where one connection has proved slow: stores of blobs give
// each only so much. One blob at a time is, as the stretches are held in memory.
const (
	aheadFrom = 32 << 20
	stretch   = 2 << 20
	lanes     = 4
)

// origin opens a blob where it comes from.
func (j *transfer) origin(ctx context.Context, d Descriptor, offset int64) (io.ReadCloser, error) {
	digest := d.Digest.String()
	ranged, can := j.from.(Ranged)
	if !can || d.Size-offset < aheadFrom {
		return j.from.Blob(ctx, digest, offset)
	}
	if !j.slow.Load() {
		body, err := j.from.Blob(ctx, digest, offset)
		return &gauge{ReadCloser: body, slow: &j.slow}, err
	}
	select {
	case j.copier.wide <- struct{}{}:
	default:
		return j.from.Blob(ctx, digest, offset)
	}
	first, can, err := ranged.Stretch(ctx, digest, offset, stretch)
	if err != nil || !can {
		<-j.copier.wide
		if err != nil {
			return nil, err
		}
		return j.from.Blob(ctx, digest, offset)
	}
	a := &ahead{copier: j.copier, from: ranged, digest: digest, at: offset, size: d.Size}
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.ask(first)
	return a, nil
}

// gauge reads the beginning of a blob and says whether that was slow.
type gauge struct {
	io.ReadCloser

	slow  *atomic.Bool
	got   int64
	spent time.Duration // in waiting for bytes
}

// What is judged, and what is slow: 16 MiB in more than a fifth of a second.
const (
	judged  = 16 << 20
	tooLong = 200 * time.Millisecond
)

// Read implements io.Reader. When the beginning has proved slow it breaks off, so
// that the rest is opened anew.
func (g *gauge) Read(p []byte) (int, error) {
	if g.got >= judged {
		return g.ReadCloser.Read(p)
	}
	began := time.Now()
	n, err := g.ReadCloser.Read(p)
	g.spent += time.Since(began)
	if g.got += int64(n); g.got >= judged && g.spent > tooLong && err == nil {
		g.slow.Store(true)
		return n, errSlow
	}
	return n, err
}

var errSlow = errors.New("one connection gives little")

// ahead reads a blob in stretches that are fetched before they are asked for.
type ahead struct {
	copier *Copier
	from   Ranged
	digest string
	ctx    context.Context
	cancel context.CancelFunc
	at     int64 // where the next stretch begins
	size   int64
	queue  []chan fetched // in their order
	whole  []byte         // the one that is read
	now    []byte         // what is left of it
	closed bool
}

type fetched struct {
	raw []byte
	err error
}

// ask keeps lanes busy. first is the next stretch, opened already, or nil.
func (a *ahead) ask(first io.ReadCloser) {
	for len(a.queue) < lanes && a.at < a.size {
		n := min(stretch, a.size-a.at)
		into := a.copier.spare.take()
		done := make(chan fetched, 1)
		at, body := a.at, first
		go func() { done <- a.fetch(body, at, into[:n]) }()
		a.queue, a.at, first = append(a.queue, done), a.at+n, nil
	}
}

func (a *ahead) fetch(body io.ReadCloser, at int64, into []byte) fetched {
	if body == nil {
		var can bool
		var err error
		body, can, err = a.from.Stretch(a.ctx, a.digest, at, int64(len(into)))
		if err == nil && !can {
			err = fault.New(fault.Unavailable, "the registry gives no more stretches of %s", a.digest)
		}
		if err != nil {
			return fetched{into, err}
		}
	}
	defer body.Close()
	_, err := io.ReadFull(body, into)
	return fetched{into, err}
}

// spare keeps the memory of stretches; whoever has the one wide slot uses it.
type spare struct{ buffers [][]byte }

func (s *spare) take() []byte {
	last := len(s.buffers) - 1
	if last < 0 {
		return make([]byte, stretch)
	}
	b := s.buffers[last]
	s.buffers = s.buffers[:last]
	return b
}

func (s *spare) give(b []byte) {
	if cap(b) == stretch {
		s.buffers = append(s.buffers, b[:stretch])
	}
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.now) == 0 {
		if len(a.queue) == 0 {
			return 0, io.EOF
		}
		next := <-a.queue[0]
		a.queue = a.queue[1:]
		if next.err != nil {
			a.copier.spare.give(next.raw)
			return 0, next.err
		}
		a.whole, a.now = next.raw, next.raw
	}
	n := copy(p, a.now)
	if a.now = a.now[n:]; len(a.now) == 0 {
		a.copier.spare.give(a.whole)
		a.ask(nil)
	}
	return n, nil
}

// Close implements io.Closer.
func (a *ahead) Close() error {
	if a.closed {
		return nil
	}
	a.closed = true
	a.cancel()
	for _, q := range a.queue {
		a.copier.spare.give((<-q).raw)
	}
	if len(a.now) > 0 {
		a.copier.spare.give(a.whole)
	}
	<-a.copier.wide
	return nil
}
