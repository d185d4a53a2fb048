// Package faults is a proxy for tests that stands before an emulator of AWS and
// does what networks and services do on a bad day: it refuses, breaks, loses
// answers, and is slow. What it does depends on its seed alone.
package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Rules are the shares of requests that something happens to, from 0 to 1.
type Rules struct {
	Seed     uint64
	Throttle float64 // refused: SlowDown, Throttling
	Error    float64 // refused with 500
	Reset    float64 // the connection breaks before the service has it
	Lost     float64 // the service does it, and the connection breaks instead of its answer
	Cut      float64 // the body of the answer breaks off in its midst
	Expired  float64 // refused, as if the session were over; only where there is one
	Slow     float64 // answered after Delay
	Delay    time.Duration
}

// Proxy is a proxy before one emulator.
type Proxy struct {
	URL   string
	to    string
	rules Rules

	mu     sync.Mutex
	random *rand.Rand
	counts map[string]int
	total  int
	nth    int
	strike func()
}

// New starts a proxy that lasts for the test.
func New(t testing.TB, upstream string, rules Rules) *Proxy {
	t.Helper()
	p := &Proxy{to: upstream, rules: rules, random: rand.New(rand.NewPCG(rules.Seed, 1)), counts: map[string]int{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Calm changes the rules from here on.
func (p *Proxy) Calm(rules Rules) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = rules
}

// Counts are the requests that came, by operation; and all of them.
func (p *Proxy) Counts() (map[string]int, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for k, v := range p.counts {
		out[k] = v
	}
	return out, p.total
}

// Strike does something when the nth request from now on comes, before the
// service has it; 0 does nothing any more.
func (p *Proxy) Strike(nth int, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nth, p.strike = nth, do
	p.total = 0
}

// fate is what becomes of a request.
type fate int

const (
	fine fate = iota
	throttled
	failed
	reset
	lost
	cut
	expired
	slow
)

func (p *Proxy) decide(r *http.Request, operation string) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[operation]++
	p.total++
	if p.strike != nil && p.total == p.nth {
		p.strike()
	}
	x := p.random.Float64()
	for _, f := range []struct {
		share float64
		fate  fate
	}{
		{p.rules.Throttle, throttled},
		{p.rules.Error, failed},
		{p.rules.Reset, reset},
		{p.rules.Lost, lost},
		{p.rules.Cut, cut},
		{p.rules.Expired, expired},
		{p.rules.Slow, slow},
	} {
		if x < f.share {
			if f.fate == expired && (r.Header.Get("X-Amz-Security-Token") == "" || strings.HasPrefix(operation, "AssumeRole")) {
				return fine
			}
			return f.fate
		}
		x -= f.share
	}
	return fine
}

// ServeHTTP passes a request on, or not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch p.decide(r, Operation(r, body)) {
	case throttled:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown", "Throttling", "ThrottlingException")
	case failed:
		refuse(w, r, http.StatusInternalServerError, "InternalError", "InternalFailure", "InternalServerError")
	case expired:
		refuse(w, r, http.StatusBadRequest, "ExpiredToken", "ExpiredToken", "ExpiredTokenException")
	case reset:
		panic(http.ErrAbortHandler)
	case lost:
		_ = p.pass(httptest.NewRecorder(), r, body, false) // its answer is lost, whatever it was
		panic(http.ErrAbortHandler)
	case cut:
		p.forward(w, r, body, true)
	case slow:
		p.mu.Lock()
		delay := p.rules.Delay
		p.mu.Unlock()
		time.Sleep(delay) // the slowness itself
		p.forward(w, r, body, false)
	default:
		p.forward(w, r, body, false)
	}
}

func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, body []byte, half bool) {
	if err := p.pass(w, r, body, half); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, body []byte, half bool) error {
	req, err := http.NewRequest(r.Method, p.to+r.RequestURI, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header, req.Host, req.ContentLength = r.Header.Clone(), r.Host, int64(len(body))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	if !half {
		_, err = io.Copy(w, res.Body)
		return err
	}
	all, err := io.ReadAll(res.Body)
	if err == nil && len(all) > 1 {
		_, err = w.Write(all[:len(all)/2])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	return err
}

// refuse answers in the words of the service: S3, query or JSON.
func refuse(w http.ResponseWriter, r *http.Request, status int, s3, query, json string) {
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type": %q, "message": "by the test"}`, json)
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>by the test</Message></Error><RequestId>x</RequestId></ErrorResponse>", query)
	default:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>by the test</Message></Error>", s3)
	}
}

// Operation is the name of what a request asks for.
func Operation(r *http.Request, body []byte) string {
	if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return name
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil {
			return form.Get("Action")
		}
	}
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodGet && q.Has("list-type"):
		return "ListObjectsV2"
	case r.Method == http.MethodPost && q.Has("delete"):
		return "DeleteObjects"
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPut && q.Has("partNumber"):
		return "UploadPart"
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	}
	return map[string]string{"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject", "POST": "PostObject"}[r.Method]
}
