package registry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// tries is how often a request is sent before its failure is believed.
const tries = 5

// most is tries; of a registry that has never answered, the address or the network
// is more likely to be wrong, and the user must see that soon.
func (r *Registry) most() int {
	if r.reached.Load() {
		return tries
	}
	return 3
}

// logins is how often a request is sent with another login in a row.
const logins = 3

// call is one request. Its body is either bytes, which can be sent again, or a
// stream, which cannot.
type call struct {
	method string
	url    string
	header map[string]string
	body   []byte
	stream io.Reader
	length int64 // of the stream
	scopes []string
	err    error // why there is no address to send it to
}

// send does a request until it is answered with less than 300, and gives the
// answer, whose body is to be closed.
func (r *Repository) send(ctx context.Context, c call) (*http.Response, error) {
	if c.err != nil {
		return nil, fmt.Errorf("%s: %w", r, c.err)
	}
	if c.scopes == nil {
		c.scopes = []string{r.scope()}
	}
	waiting := network.NewWait(ctx)
	defer waiting.Stop()
	begun, until := time.Now(), time.Time{}
	for n := 1; ; n++ {
		res, wait, err := r.reg.try(ctx, c)
		if err == nil {
			return res, nil
		}
		if wait < 0 || n == r.reg.most() || c.stream != nil || !r.reg.reached.Load() && time.Since(begun) > first {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
		if until.IsZero() || wait > 0 { // the registry itself says how long
			until = later(until, r.reg.until(n, wait))
		}
		if time.Now().After(until) {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
		ctx = network.AnswerBy(ctx, until)
		waiting.Failed(fmt.Sprintf("%s: %v", r, err), until)
		if err := r.reg.pause(ctx, n, wait); err != nil {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// first is how long a request is sent again to a registry that has never answered.
const first = 4 * time.Second

// longestAgain is how long the answers to repetitions may take.
const longestAgain = 30 * time.Second

// until is when a request is given up at the latest, after its n-th failure.
func (r *Registry) until(n int, least time.Duration) time.Time {
	var all time.Duration
	for ; n < r.most(); n++ {
		all += max(r.opt.Pause<<n, least) // a pause is up to twice as long as the first part
	}
	return time.Now().Add(all + min(longestAgain, cmp.Or(r.opt.Whole, longestAgain)))
}

func (r *Repository) scope() string { return "repository:" + r.name + ":pull,push" }

// pause waits before the n-th repetition, longer each time and never less than
// the registry asked for.
func (r *Registry) pause(ctx context.Context, n int, least time.Duration) error {
	d := r.opt.Pause << (n - 1)
	d += rand.N(d) //nolint:gosec // not a secret
	t := time.NewTimer(max(d, least))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note says whether a request may have changed the registry.
func note(ctx context.Context, method string, res *http.Response) {
	status := 0
	if res != nil {
		status = res.StatusCode
	}
	fault.Answered(ctx, method, status)
}

// try sends once, or twice where the registry wants to know who asks. A wait
// below zero means that repeating does not help.
func (r *Registry) try(ctx context.Context, c call) (*http.Response, time.Duration, error) {
	again := false
	for asked := 0; ; asked++ {
		req, err := c.request(ctx)
		if err != nil {
			return nil, -1, err
		}
		if err := r.authorize(ctx, req, c.scopes, again); err != nil {
			return nil, -1, err
		}
		if err := r.limit.Take(ctx); err != nil {
			return nil, -1, err
		}
		res, err := r.client.Do(req)
		r.limit.Give() // the body of an answer does not count: who reads it may wait for another answer
		if err == nil {
			r.reached.Store(true)
		}
		note(ctx, c.method, res)
		if err != nil {
			return nil, repeatable(ctx, err), lost(ctx, c, err)
		}
		if res.StatusCode < 300 {
			return res, 0, nil
		}
		raw, err := network.ReadWhole(res, 64<<10)
		if err != nil {
			return nil, 0, lost(ctx, c, err)
		}
		answer := newAnswer(res, raw)
		if res.StatusCode < 400 { // a redirect that could not be followed: it is no success
			err := fault.New(fault.Refused, "%s is answered with a redirect that it cannot follow: %w", c.method, answer)
			return nil, -1, fault.Hint(err, "check the proxy in front of %s: it must take requests at the address that the registry names", r.opt.Host)
		}
		if !r.own(res.Request.URL) { // a login is not for this host
			return nil, -1, fault.New(kindOf(res.StatusCode), "%s is redirected to %s, which answers: %w", c.method, originOf(res.Request.URL), answer)
		}
		if res.StatusCode == http.StatusUnauthorized && asked < logins {
			if err := r.learn(res); err != nil {
				return nil, -1, err
			}
			again = r.forget(c.scopes, req.Header.Get("Authorization"))
			if c.stream == nil {
				continue
			}
			// It has ended on the way; what is sent anew begins with another.
			return nil, -1, fault.New(fault.Unavailable, "%w", answer)
		}
		wait := time.Duration(-1)
		if transient(res.StatusCode) {
			wait = after(res)
			if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
				r.limit.Slower(wait)
			}
		}
		return nil, wait, classify(answer)
	}
}

// repeatable says whether to repeat after a request was lost: not when we gave up
// ourselves, and not when what we sent was wrong.
func repeatable(ctx context.Context, err error) time.Duration {
	var own *fault.Error
	failure := network.Of(err)
	if ctx.Err() != nil || errors.As(err, &own) || failure != nil && failure.Lasting {
		return -1
	}
	return 0
}

// Where the address of a registry is from, and where the certificate of its CA goes.
const (
	ofRegistry   = "of the registry"
	caOfRegistry = "SSL_CERT_FILE"
)

func lost(ctx context.Context, c call, err error) error {
	var own *fault.Error
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.As(err, &own) {
		return withoutAddress(err)
	}
	if f := network.Of(err); f != nil {
		return f.At(ofRegistry, caOfRegistry).Err() // its text has the host, and no address
	}
	err = withoutAddress(err)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Hint(fault.New(fault.Unavailable, "the answer to %s is cut off: %w", c.method, err), "repeat the command; check the network, and the proxy or the VPN in between")
	}
	return fault.New(fault.Unavailable, "%s: %w", c.method, err)
}

// after is how long the registry asks to wait, at most half a minute.
func after(res *http.Response) time.Duration {
	seconds, err := strconv.Atoi(res.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, 30*time.Second)
}

func (c call) request(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	switch {
	case c.stream != nil && c.length == 0:
		body = http.NoBody
	case c.stream != nil:
		body = io.NopCloser(c.stream)
	case c.body != nil:
		body = bytes.NewReader(c.body)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, body)
	if err != nil {
		return nil, err
	}
	if c.stream != nil {
		req.ContentLength = c.length
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	return req, nil
}

// read does a request whose answer is not large, again where that breaks off. The
// body of the answer is closed.
func (r *Repository) read(ctx context.Context, c call, most int64) (*http.Response, []byte, error) {
	waiting := network.NewWait(ctx)
	defer waiting.Stop()
	outer, last := ctx, error(nil)
	for n := 1; ; n++ {
		res, err := r.send(ctx, c)
		if err != nil && last != nil && outer.Err() == nil && ctx.Err() != nil {
			err = last // that was the end of the time that was told
		}
		if err != nil {
			return nil, nil, err
		}
		raw, err := network.ReadWhole(res, most+1)
		if err == nil {
			if int64(len(raw)) > most {
				err = fault.New(fault.Internal, "%s: its answer has more than %d bytes", r, most)
			}
			return res, raw, err
		}
		err = fmt.Errorf("%s: %w", r, lost(ctx, c, err))
		if last != nil && outer.Err() == nil && ctx.Err() != nil {
			err = last
		}
		if n == tries || ctx.Err() != nil {
			return nil, nil, err
		}
		if last == nil {
			until := r.reg.until(n, 0)
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, until)
			defer cancel()
			waiting.Failed(err.Error(), until)
		}
		last = err
		if err := r.reg.pause(ctx, n, 0); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", r, err)
		}
	}
}

// done closes an answer that has nothing to say, so that its connection is used
// again.
func (r *Repository) done(res *http.Response) error {
	_, err := network.ReadWhole(res, 64<<10)
	return err
}
