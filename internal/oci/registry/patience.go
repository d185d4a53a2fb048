package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// What an answer may take. A body of any length must go on: one that brings less
// than leastSent in the idle limit has failed. A small document, such as a list, a
// token or a manifest, must also end.
const (
	defaultIdle  = 30 * time.Second
	defaultWhole = 2 * time.Minute
	leastSent    = 16 << 10
)

// tooSlow is the error for a body that does not go on or does not end. It is a
// lost connection: where it is safe, the request is sent again.
type tooSlow struct{ text string }

func (e *tooSlow) Error() string { return e.text }

// patient sends requests whose bodies must go on, in both directions.
type patient struct {
	next  http.RoundTripper
	idle  time.Duration
	whole time.Duration
}

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	req = req.WithContext(ctx)
	switch {
	case req.Body == nil || req.Body == http.NoBody:
	case req.GetBody != nil: // it is in memory; wrapped, net/http would send it apart from its header
		timer := time.AfterFunc(p.whole, func() { cancel(&tooSlow{fmt.Sprintf("no answer came within %s", p.whole)}) })
		defer timer.Stop()
	default:
		s := &sent{ReadCloser: req.Body, idle: p.idle}
		s.timer = time.AfterFunc(p.idle, func() { cancel(&tooSlow{fmt.Sprintf("what is sent was not read for %s", p.idle)}) })
		s.timer.Stop() // until something was given to the connection
		req.Body = s
	}
	res, err := p.next.RoundTrip(req)
	if err != nil {
		err = cause(ctx, err)
		cancel(nil)
		return nil, err
	}
	res.Body = &received{ReadCloser: res.Body, ctx: ctx, cancel: cancel, idle: p.idle}
	return res, nil
}

// cause is the reason of ours that a request ended for, else err.
func cause(ctx context.Context, err error) error {
	var slow *tooSlow
	if errors.As(context.Cause(ctx), &slow) {
		return slow
	}
	return err
}

// sent is the body of a request. Its time runs while the connection writes what it
// has read, and not while it waits for more to read.
type sent struct {
	io.ReadCloser
	idle  time.Duration
	timer *time.Timer
}

// Read implements io.Reader.
func (s *sent) Read(p []byte) (int, error) {
	s.timer.Stop()
	n, err := s.ReadCloser.Read(p)
	if err == nil {
		s.timer.Reset(s.idle)
	}
	return n, err
}

// Close implements io.Closer.
func (s *sent) Close() error {
	s.timer.Stop()
	return s.ReadCloser.Close()
}

// received is the body of an answer. Its time runs only while somebody reads.
type received struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	idle   time.Duration
	waited time.Duration // since got was 0
	got    int
}

// Read implements io.Reader.
func (b *received) Read(p []byte) (int, error) {
	start := time.Now()
	timer := time.AfterFunc(b.idle-b.waited, func() {
		b.cancel(&tooSlow{fmt.Sprintf("the answer brings less than %d KiB in %s", leastSent>>10, b.idle)})
	})
	n, err := b.ReadCloser.Read(p)
	timer.Stop()
	b.waited, b.got = b.waited+time.Since(start), b.got+n
	if b.got >= leastSent {
		b.waited, b.got = 0, 0
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = cause(b.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *received) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// whole reads a small document, at most so many bytes, and closes it.
func (r *Registry) whole(res *http.Response, most int64) ([]byte, error) {
	if b, ok := res.Body.(*received); ok {
		timer := time.AfterFunc(r.opt.Whole, func() {
			b.cancel(&tooSlow{fmt.Sprintf("the answer does not end within %s", r.opt.Whole)})
		})
		defer timer.Stop()
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, most))
	return raw, errors.Join(err, res.Body.Close())
}
