package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"syscall"
	"time"
)

// Limits are how long the parts of a request may take.
type Limits struct {
	Idle  time.Duration // in which a body must go on; 30 s if 0
	Whole time.Duration // in which a request that was sent must be answered; 2 minutes if 0
}

const (
	defaultIdle  = 30 * time.Second
	defaultWhole = 2 * time.Minute
	// leastSent is what a body must bring in the idle limit. One that drips has failed too.
	leastSent = 16 << 10
	// mostWhole is a body that must be sent within Whole; a longer one must go on.
	mostWhole = 1 << 20
)

// Stalled is a request or an answer that does not go on, or does not end. It is a
// lost connection: where it is safe, the request is sent again.
type Stalled struct {
	text, hint string
	err        error // of the connection; nil where it was ended here
}

func (e *Stalled) Error() string { return e.text }

func (e *Stalled) Unwrap() error { return e.err }

// IsStalled reports whether err is of a request or an answer that did not go on.
func IsStalled(err error) bool {
	var slow *Stalled
	return errors.As(err, &slow)
}

type namedKey struct{}

// named says what the requests of a context do.
type named struct {
	what      string
	keepAlive bool
}

func (n named) prefix() string {
	if n.what == "" {
		return ""
	}
	return n.what + ": "
}

// Named gives a context whose requests have that name in what the user is told.
func Named(ctx context.Context, what string) context.Context {
	n, _ := ctx.Value(namedKey{}).(named)
	n.what = what
	return context.WithValue(ctx, namedKey{}, n)
}

// KeptAlive gives a context whose requests may work for minutes while the server
// sends a few bytes from time to time, as S3 does during a copy.
func KeptAlive(ctx context.Context) context.Context {
	n, _ := ctx.Value(namedKey{}).(named)
	n.keepAlive = true
	return context.WithValue(ctx, namedKey{}, n)
}

// patient sends requests whose bodies must go on, in both directions, and tells
// the user what a request waits for.
type patient struct {
	next   http.RoundTripper
	limits Limits
}

// Patient gives a transport with limits, each part of a request has one. What
// takes longer than Quiet is told by the teller of the request's context.
func Patient(next http.RoundTripper, l Limits) http.RoundTripper {
	return patient{next, Limits{cmp.Or(l.Idle, defaultIdle), cmp.Or(l.Whole, defaultWhole)}}
}

// Beneath is the transport of the standard library below a client's; nil where
// there is none.
func Beneath(next http.RoundTripper) *http.Transport {
	for {
		switch t := next.(type) {
		case *http.Transport:
			return t
		case patient:
			next = t.next
		default:
			return nil
		}
	}
}

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	a := &attempt{ctx: ctx, cancel: cancel, limits: p.limits, host: req.URL.Host, wait: NewWait(req.Context())}
	a.named, _ = ctx.Value(namedKey{}).(named)
	whole := a.whole()
	t := &trace{named: a.named, ctx: ctx, cancel: cancel, wait: a.wait, target: req.URL, whole: whole}
	req = req.WithContext(t.with(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { a.answer.Reset(a.whole()) },
	})))
	a.answer = time.AfterFunc(whole, func() {
		cancel(&Stalled{text: fmt.Sprintf("no answer came from %s within %s", a.host, rounded(whole))})
	})
	switch {
	case req.Body == nil || req.Body == http.NoBody:
	case req.GetBody != nil && req.ContentLength < mostWhole: // it is in memory; wrapped, net/http would send it apart from its header
	default:
		a.long = true
		a.answer.Stop() // until it was sent
		s := &sent{ReadCloser: req.Body, idle: p.limits.Idle}
		s.timer = time.AfterFunc(p.limits.Idle, func() {
			cancel(&Stalled{text: fmt.Sprintf("what is sent to %s was not read for %s", a.host, p.limits.Idle)})
		})
		s.timer.Stop() // until something was given to the connection
		req.Body = s
	}
	res, err := p.next.RoundTrip(req)
	a.answer.Stop()
	t.end()
	a.wait.Connected()
	if err != nil {
		err = a.cause(err)
		a.end()
		return nil, err
	}
	res.Body = &received{ReadCloser: res.Body, attempt: a}
	return res, nil
}

// attempt is one request on its way.
type attempt struct {
	named
	ctx    context.Context
	cancel context.CancelCauseFunc
	limits Limits
	host   string
	wait   *Wait
	answer *time.Timer // ends the request when no answer comes
	long   bool        // it has a body that takes its time
}

// whole is how long the answer may take from now on.
func (a *attempt) whole() time.Duration {
	if by, ok := a.ctx.Value(answerByKey{}).(time.Time); ok && !a.long {
		return max(min(a.limits.Whole, time.Until(by)), 0)
	}
	return a.limits.Whole
}

func rounded(d time.Duration) time.Duration {
	if d > time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}

type answerByKey struct{}

// AnswerBy gives a context whose requests must be answered by a time that was told to
// the user. It does not count while a long body is sent.
func AnswerBy(ctx context.Context, by time.Time) context.Context {
	return context.WithValue(ctx, answerByKey{}, by)
}

// soonest is a time, or the end of the context where that is before.
func soonest(ctx context.Context, at time.Time) time.Time {
	if end, ok := ctx.Deadline(); ok && end.Before(at) {
		return end
	}
	return at
}

// cause is the reason of ours that a request ended for, else err.
func (a *attempt) cause(err error) error {
	var slow *Stalled
	if errors.As(context.Cause(a.ctx), &slow) {
		return slow
	}
	return err
}

func (a *attempt) end() {
	a.wait.Stop()
	a.cancel(nil)
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
	*attempt
	waited time.Duration // since got was 0
	got    int
}

// Read implements io.Reader.
func (b *received) Read(p []byte) (int, error) {
	start, left := time.Now(), b.limits.Idle-b.waited
	b.wait.Waiting(b.prefix()+"the answer of "+b.host+" does not go on", soonest(b.ctx, start.Add(left)))
	timer := time.AfterFunc(left, func() {
		b.cancel(&Stalled{text: fmt.Sprintf("the answer of %s brings less than %d KiB in %s", b.host, leastSent>>10, b.limits.Idle)})
	})
	n, err := b.ReadCloser.Read(p)
	timer.Stop()
	b.wait.Connected()
	b.waited, b.got = b.waited+time.Since(start), b.got+n
	if b.got >= leastSent || b.keepAlive && n > 0 {
		b.waited, b.got = 0, 0
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.cutOff(b.cause(err))
	}
	if err != nil {
		b.wait.Stop()
	}
	return n, err
}

// cutOff says so of an answer whose connection ended before the answer did.
func (b *received) cutOff(err error) error {
	isCut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if !isCut || IsStalled(err) || b.ctx.Err() != nil {
		return err
	}
	return &Stalled{text: fmt.Sprintf("the answer of %s is cut off: the connection ended before it", b.host), err: err}
}

// Close implements io.Closer.
func (b *received) Close() error {
	err := b.ReadCloser.Close()
	b.end()
	return err
}

// ReadWhole reads a small answer, at most so many bytes, and closes it. It must
// end within the limit for a whole answer.
func ReadWhole(res *http.Response, most int64) ([]byte, error) {
	if b, ok := res.Body.(*received); ok {
		timer := time.AfterFunc(b.limits.Whole, func() {
			b.cancel(&Stalled{text: fmt.Sprintf("the answer of %s does not end within %s", b.host, b.limits.Whole)})
		})
		defer timer.Stop()
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, most))
	return raw, errors.Join(err, res.Body.Close())
}
