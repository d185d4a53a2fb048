// Package s3proxy is a proxy for tests that is in front of an emulator of S3
// and enforces what S3 enforces and no emulator does: If-Match and
// If-None-Match on the destination of CopyObject, and the ETag per object of
// DeleteObjects. It looks at the destination first and answers itself where the
// condition does not hold. It gives every client an address of its own, keeps a
// log of what each of them wrote, and asks a hook before each request. Requests
// to other services pass.
//
// Do not route one client around it: a write that does not pass the proxy can
// come between its look and the write that it forwards.
package s3proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/test/chaos/faults"
)

// Fate is what the hook has the proxy do with a request.
type Fate int

// The fates of a request.
const (
	Pass     Fate = iota
	Break         // the connection breaks before the server has the request
	Lose          // the server does it, and the connection breaks instead of its answer
	Conflict      // answered 409 ConditionalRequestConflict; the server does not have it
)

// Proxy is a proxy before one emulator.
type Proxy struct {
	t         testing.TB
	to        string
	api       *s3.Client
	transport *http.Transport
	keys      [64]sync.Mutex // of objects, by a hash of the path

	mu   sync.Mutex
	hook func(Request) Fate
	next int
	log  []Request
}

// New makes a proxy before the emulator that cfg leads to, for as long as the
// test lasts. With the credentials of cfg the proxy looks at objects: they must
// reach every bucket.
func New(t testing.TB, cfg aws.Config) *Proxy {
	t.Helper()
	p := &Proxy{
		t: t, to: strings.TrimSuffix(aws.ToString(cfg.BaseEndpoint), "/"),
		transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		api: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
		}),
	}
	t.Cleanup(p.transport.CloseIdleConnections)
	return p
}

// Client is an address of the proxy for one client; the log has its name.
func (p *Proxy) Client(name string) string {
	server := httptest.NewServer(p.Handler(name))
	p.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// Handler serves the requests of one client.
func (p *Proxy) Handler(client string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, client) })
}

// Hook has f decide about every request from now on, before the condition is
// looked at; nil passes all. It is called by many goroutines at once and may
// block: the request waits.
func (p *Proxy) Hook(f func(Request) Fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = f
}

// Log is every request that was answered, in the order in which the server had
// them; requests for one object are in the order in which they took effect.
func (p *Proxy) Log() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// Writes is what the log has of requests of a client that changed an object, or
// of all clients where the name is empty.
func (p *Proxy) Writes(client string) []Request {
	return slices.DeleteFunc(p.Log(), func(q Request) bool {
		return !q.Changed() || client != "" && q.Client != client
	})
}

// Reset empties the log.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = nil
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, client string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	q := read(r, body)
	q.Client = client
	fate := p.decide(&q)
	if fate == Break {
		panic(http.ErrAbortHandler)
	}
	res := httptest.NewRecorder()
	err = p.answer(res, r, body, &q, fate)
	if err != nil || fate == Lose {
		panic(http.ErrAbortHandler)
	}
	pass(w, res, res.Body.Bytes())
}

func (p *Proxy) decide(q *Request) Fate {
	p.mu.Lock()
	p.next++
	q.Number = p.next
	hook := p.hook
	p.mu.Unlock()
	if hook == nil {
		return Pass
	}
	return hook(*q)
}

// answer is the server's, or the proxy's own. While it is made nobody else
// writes the same objects.
func (p *Proxy) answer(w *httptest.ResponseRecorder, r *http.Request, body []byte, q *Request, fate Fate) error {
	unlock := p.lock(q)
	defer unlock()
	var err error
	switch {
	case fate == Conflict:
		refusal(w, http.StatusConflict, "ConditionalRequestConflict")
	case q.isConditionalDelete():
		err = p.delete(w, r, q)
	default:
		var status int
		var code string
		if status, code, err = p.holds(r, q); err == nil && status != 0 {
			refusal(w, status, code)
		} else if err == nil {
			err = p.forward(w, r, body)
		}
	}
	q.Status, q.At = w.Code, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.log = append(p.log, *q)
	}
	return err
}

// lock keeps everybody else from the objects that a request writes.
func (p *Proxy) lock(q *Request) func() {
	if !q.IsWrite() {
		return func() {}
	}
	var which []int
	for _, key := range q.Keys {
		which = append(which, stripe(q.Bucket+"/"+key, len(p.keys)))
	}
	slices.Sort(which)
	which = slices.Compact(which)
	for _, i := range which {
		p.keys[i].Lock()
	}
	return func() {
		for _, i := range which {
			p.keys[i].Unlock()
		}
	}
}

func stripe(s string, n int) int {
	h := 0
	for i := range len(s) {
		h = (h*31 + int(s[i])) % (1 << 20)
	}
	return h % n
}

func (p *Proxy) forward(w *httptest.ResponseRecorder, r *http.Request, body []byte) error {
	// The client's own context ends with its connection; what it sent arrives.
	req, err := http.NewRequest(r.Method, p.to+r.RequestURI, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header, req.Host, req.ContentLength = r.Header.Clone(), r.Host, int64(len(body))
	res, err := p.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	_, err = io.Copy(w, res.Body)
	return err
}

// operation is the name that faults has for it.
func operation(r *http.Request, body []byte) string { return faults.Operation(r, body) }
