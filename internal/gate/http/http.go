package httpgate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// Gate asks HTTP endpoints.
type Gate struct{ transport http.RoundTripper }

// New is the gate that asks over the transport; nil is one that connects anew
// for each request, so that no answer rides on an old connection.
func New(transport http.RoundTripper) *Gate {
	if transport == nil {
		t := network.NewTransport(nil)
		t.DisableKeepAlives = true
		transport = fence.Transport(t)
	}
	return &Gate{transport: transport}
}

// probe is one question made ready to be sent again and again.
type probe struct {
	Settings
	url    *url.URL
	header http.Header
	match  *regexp.Regexp
	client *http.Client
	next   string // what to do about a network that does not work
}

// Ask sends requests until enough right answers came in a row, which is open,
// or too many wrong ones came, which is closed. The error says only that the
// asking was broken off.
func (g *Gate) Ask(ctx context.Context, q delivery.Question) (delivery.Verdict, error) {
	var s Settings
	if err := json.Unmarshal(q.Settings, &s); err != nil {
		return delivery.Verdict{}, fault.New(fault.Invalid, "settings of gate %s: %w", q.Gate, err)
	}
	if problems := s.Check(); len(problems) > 0 {
		return delivery.Verdict{}, fault.New(fault.Invalid, "settings of gate %s: %s", q.Gate, problems[0])
	}
	p, why := g.probe(s, q)
	if why != "" {
		return delivery.Verdict{Answer: delivery.Shut, Reason: why}, nil
	}
	right, wrong := 0, 0
	wait := network.NewWait(ctx)
	defer wait.Stop()
	for {
		said, ok := p.try(ctx)
		if ctx.Err() != nil {
			return delivery.Verdict{}, fmt.Errorf("ask gate %s: %s: %w", q.Gate, p.name(), context.Cause(ctx))
		}
		if ok {
			right++
		} else {
			right = 0
			wrong++
		}
		switch {
		case right >= max(s.Times, 1):
			return delivery.Verdict{Answer: delivery.Open, Reason: p.reason(said, right)}, nil
		case wrong > s.retries():
			return delivery.Verdict{Answer: delivery.Shut, Reason: p.reason(said, wrong), Next: p.next}, nil
		}
		if !ok {
			wait.Failed(fmt.Sprintf("gate %s: %s %s", q.Gate, p.name(), said), p.end(wrong))
		}
		if err := pause(ctx, s.every().Std()); err != nil {
			return delivery.Verdict{}, fmt.Errorf("ask gate %s: %s: %w", q.Gate, p.name(), err)
		}
	}
}

// probe makes the question ready, or says why it cannot be asked.
func (g *Gate) probe(s Settings, q delivery.Question) (*probe, string) {
	p := &probe{Settings: s, header: http.Header{}, match: regexp.MustCompile(s.Match)}
	limit := p.timeout() + time.Second // the limit of the context comes first
	p.client = network.NewClient(g.transport, network.Limits{Idle: limit, Whole: limit})
	if s.Follow {
		p.client.CheckRedirect = p.follow
	}
	for name, value := range s.Headers {
		p.header.Set(name, value)
	}
	address := s.URL
	if s.URL == "" {
		end := q.Serving[s.Component]
		if end.URL == "" {
			return nil, fmt.Sprintf("%s is not there to be asked for %s %s in %s", s.Component, s.Path, q.When, q.Place)
		}
		address = strings.TrimRight(end.URL, "/") + s.Path
		// These lead to the release that is asked about.
		for name, value := range end.Header {
			p.header.Set(name, value)
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Sprintf("the address of %s cannot be understood", s.Component)
	}
	p.url = u
	return p, ""
}

// follow lets a redirect go on, at most ten times. The headers and the body of the
// settings may be secrets: another scheme, host or port does not get them. A
// redirect that would send the body there (307, 308) is not followed.
func (p *probe) follow(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("more than ten redirects")
	}
	req.Header.Del("Referer") // its query may be a secret
	for _, r := range slices.Concat(via[1:], []*http.Request{req}) {
		if r.URL.Scheme == p.url.Scheme && strings.EqualFold(r.URL.Host, p.url.Host) {
			continue
		}
		if p.Body != "" && req.Method == p.method() {
			return fmt.Errorf("a redirect leads to %s, and the body is not sent to another scheme, host or port", show(req.URL))
		}
		for name := range p.header {
			req.Header.Del(name)
		}
		req.Host = ""
	}
	return nil
}

// maxBody is how much of a body is read.
const maxBody = 1 << 20

// try sends one request and says what came, and whether it was right.
func (p *probe) try(ctx context.Context) (said string, ok bool) {
	limit := p.timeout()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, p.method(), p.url.String(), strings.NewReader(p.Body))
	if err != nil {
		return "cannot be asked: " + plain(err, limit), false
	}
	req.Header = p.header.Clone()
	req.Host = req.Header.Get("Host")
	start := time.Now()
	res, err := p.client.Do(req)
	if err != nil {
		if f := network.Of(err); f != nil {
			p.next = f.At("url of the gate", "SSL_CERT_FILE").Hint
		}
		return "did not answer: " + plain(err, limit), false
	}
	defer res.Body.Close()
	// Also where nothing is looked for in it: an answer that breaks off is none.
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	took := time.Since(start)
	switch {
	case err != nil:
		if f := network.Of(err); f != nil {
			p.next = f.At("url of the gate", "SSL_CERT_FILE").Hint
		}
		return fmt.Sprintf("answered %d and broke off: %s", res.StatusCode, plain(err, limit)), false
	case !p.isRight(res.StatusCode):
		return fmt.Sprintf("answered %s, expected %s", status(res), p.expected()), false
	case !p.match.Match(body):
		return fmt.Sprintf("answered %d with a body that does not match %q", res.StatusCode, p.Match), false
	case p.Latency > 0 && took > p.Latency.Std():
		return fmt.Sprintf("answered %d in %s, expected at most %s", res.StatusCode, took.Round(time.Millisecond), p.Latency), false
	}
	return fmt.Sprintf("answered %d in %s", res.StatusCode, took.Round(time.Millisecond)), true
}

// status is the code, and where a redirect leads to.
func status(res *http.Response) string {
	if to, err := res.Location(); err == nil {
		return fmt.Sprintf("%d to %s", res.StatusCode, show(to))
	}
	return fmt.Sprint(res.StatusCode)
}

// plain is a transport's error without the address, which is said already.
func plain(err error, limit time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", delivery.Duration(limit))
	}
	if f := network.Of(err); f != nil {
		return f.Text
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// end is when the gate gives up at the latest, after so many wrong answers.
func (p *probe) end(wrong int) time.Time {
	left := p.retries() + 1 - wrong
	return time.Now().Add(time.Duration(left) * (p.every().Std() + p.timeout()))
}

func (p *probe) name() string { return p.method() + " " + show(p.url) }

func (p *probe) reason(said string, times int) string {
	if times > 1 {
		return fmt.Sprintf("%s %s (%d times)", p.name(), said, times)
	}
	return p.name() + " " + said
}

// show is an address without what may be secret in it.
func show(u *url.URL) string {
	c := *u
	c.User, c.Fragment, c.RawFragment = nil, "", ""
	if c.RawQuery != "" {
		c.RawQuery = "…"
	}
	return c.String()
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
