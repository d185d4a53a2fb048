package notice

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Poster posts JSON and tries again where that may help.
type Poster struct {
	Client *http.Client                                     // nil: one that follows no redirect
	Tries  int                                              // 5 if 0
	Wait   func(ctx context.Context, d time.Duration) error // between tries; sleeps if nil
	Now    func() time.Time                                 // time.Now if nil
	// Check looks at the body of an answer 2xx, for receivers that report errors
	// there; nil: the status alone counts. Unavailable is tried again.
	Check func(status int, body string) error
}

// Post posts a body. Network errors, 408, 429 and 5xx are tried again, after
// what Retry-After says (RFC 9110, 10.2.3) or else after half a second, doubled
// each time, with jitter. The error never holds the address.
func (p Poster) Post(ctx context.Context, to string, header http.Header, body []byte) error {
	tries := p.Tries
	if tries == 0 {
		tries = 5
	}
	pause := 500 * time.Millisecond
	wait := network.NewWait(ctx)
	defer wait.Stop()
	for try := 1; ; try++ {
		after, err := p.once(ctx, to, header, body)
		if err == nil || !fault.Is(err, fault.Unavailable) || try == tries || ctx.Err() != nil {
			return err
		}
		if after <= 0 {
			after = pause/2 + rand.N(pause)
		}
		wait.Failed("a notice is not sent: "+err.Error(), p.end(tries-try, pause, after))
		if p.wait(ctx, after) != nil {
			return err
		}
		pause *= 2
	}
}

// longest is how long one try may take.
const longest = 10 * time.Second

// end is when the last of the tries that are left is given up, at the latest.
func (p Poster) end(left int, pause, first time.Duration) time.Time {
	all := first + longest
	for range left - 1 {
		pause *= 2
		all += pause*3/2 + longest
	}
	return time.Now().Add(all)
}

// once posts once; the duration is what the receiver asks to wait.
func (p Poster) once(ctx context.Context, to string, header http.Header, body []byte) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, fault.New(fault.Invalid, "its address is not one")
	}
	req.Header = header.Clone()
	res, err := p.client().Do(req)
	if err != nil {
		fault.Answered(ctx, req.Method, 0)
		if f := network.Of(err); f != nil {
			return 0, f.At("of the notice", "SSL_CERT_FILE").Err()
		}
		return 0, fault.New(fault.Unavailable, "%w", bare(err))
	}
	fault.Answered(ctx, req.Method, res.StatusCode)
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // also so that the connection can be used again
	_ = res.Body.Close()
	switch {
	case res.StatusCode/100 == 2 && p.Check != nil && err != nil:
		if f := network.Of(err); f != nil {
			return 0, f.At("of the notice", "SSL_CERT_FILE").Err()
		}
		return 0, fault.New(fault.Unavailable, "the answer %s is cut off", res.Status)
	case res.StatusCode/100 == 2 && p.Check != nil:
		return p.retryAfter(res), p.Check(res.StatusCode, strings.TrimSpace(string(answer)))
	case res.StatusCode/100 == 2:
		return 0, nil
	case res.StatusCode == http.StatusRequestTimeout, res.StatusCode == http.StatusTooManyRequests, res.StatusCode/100 == 5:
		return p.retryAfter(res), fault.New(fault.Unavailable, "the receiver answered %s", res.Status)
	}
	return 0, fault.New(fault.Refused, "the receiver answered %s", res.Status)
}

// bare takes the address out of an error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (p Poster) client() *http.Client {
	if p.Client != nil {
		return p.Client
	}
	return network.NewClient(network.NewTransport(nil), network.Limits{})
}

func (p Poster) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p Poster) retryAfter(res *http.Response) time.Duration {
	text := res.Header.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(p.now())
	}
	return 0
}

func (p Poster) wait(ctx context.Context, d time.Duration) error {
	if p.Wait != nil {
		return p.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NotDelivered is the error for an answer that has a good status and says in its
// body that the message did not arrive. Again: it may arrive at the next try.
func NotDelivered(status int, body string, again bool) error {
	kind := fault.Refused
	if again {
		kind = fault.Unavailable
	}
	text, _, _ := strings.Cut(fault.CleanAddresses(body), "\n")
	if r := []rune(text); len(r) > 160 {
		text = string(r[:159]) + "…"
	}
	return fault.New(kind, "the receiver answered %d and did not deliver it: %q", status, text)
}
