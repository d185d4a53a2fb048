// Package registryproxy is a proxy that is in front of a registry of images. It counts
// what is asked, can be far away, and does what networks and registries do on a
// bad day: it refuses, breaks, loses answers, changes bytes and forgets logins.
// What it does depends on its seed alone. It needs no test around it.
package registryproxy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Rules say how far away the registry is, and what happens: the shares of requests
// are from 0 to 1.
type Rules struct {
	Far       time.Duration // added to each request
	Rate      int64         // bytes in a second that each connection carries; 0 is any number
	Elsewhere bool          // blobs are fetched from another server, to which an answer leads; it wants no login

	Seed       uint64
	Throttle   float64 // refused with 429
	RetryAfter int     // in seconds: the header of those; 0 is none
	Error      float64 // refused with 500
	Reset      float64 // the connection breaks before the registry has it
	Lost       float64 // the registry does it, and the connection breaks instead of its answer
	Cut        float64 // the body that is read, or the one that is written, breaks off in its midst
	Wrong      float64 // of a blob or a manifest that is read a bit is turned
	Expired    float64 // the login that it comes with counts no more, from now on
	Slow       float64 // answered after Delay
	Delay      time.Duration

	Once bool               // nothing happens to the same request twice
	Only func(Request) bool // what anything happens to; nil is all
}

// Counts are what has been asked.
type Counts struct {
	Kinds       map[string]int // see Request
	Requests    int
	Up, Down    int64 // bytes of bodies, to the registry and from it
	Peak        int   // requests at once, at most
	Connections int
}

// String is all of them in a line.
func (c Counts) String() string {
	parts := make([]string, 0, len(c.Kinds))
	for _, k := range slices.Sorted(maps.Keys(c.Kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", c.Kinds[k], k))
	}
	return fmt.Sprintf("%d requests (%s), %.1f MB up, %.1f MB down, at most %d at once, %d connections",
		c.Requests, strings.Join(parts, ", "), float64(c.Up)/1e6, float64(c.Down)/1e6, c.Peak, c.Connections)
}

// Proxy is a proxy before one registry.
type Proxy struct {
	URL  string
	Host string // without http://

	to        string
	transport http.RoundTripper
	server    *httptest.Server
	elsewhere *httptest.Server // where blobs are, when they are elsewhere

	mu      sync.Mutex
	rules   Rules
	random  *rand.Rand
	counts  Counts
	now     int // requests at once
	done    map[string]bool
	seen    map[string]bool // logins
	void    map[string]bool // those that count no more
	left    map[string]string
	struck  int
	nth     int
	strike  func()
	history []Request
}

// Start starts one before a registry: its URL, with http:// or https://, and what
// reaches it; nil is the default.
func Start(upstream string, transport http.RoundTripper, rules Rules) *Proxy {
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	}
	p := &Proxy{
		to: upstream, transport: transport, done: map[string]bool{}, seen: map[string]bool{}, void: map[string]bool{}, left: map[string]string{},
	}
	p.Calm(rules)
	p.Reset()
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.mu.Lock()
			p.counts.Connections++
			p.mu.Unlock()
		}
	}
	p.server.Start()
	p.elsewhere = httptest.NewServer(http.HandlerFunc(p.serveElsewhere))
	p.URL = p.server.URL
	p.Host = strings.TrimPrefix(p.URL, "http://")
	return p
}

// New starts one that lasts for the test, before a registry without TLS.
func New(t testing.TB, host string, rules Rules) *Proxy {
	t.Helper()
	p := Start("http://"+strings.TrimPrefix(host, "http://"), nil, rules)
	t.Cleanup(p.Stop)
	return p
}

// Stop ends it.
func (p *Proxy) Stop() {
	for _, s := range []*httptest.Server{p.server, p.elsewhere} {
		s.CloseClientConnections()
		s.Close()
	}
}

// Calm changes the rules from here on; what has happened once may happen again.
func (p *Proxy) Calm(rules Rules) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules, p.random = rules, rand.New(rand.NewPCG(rules.Seed, 1))
	clear(p.done)
}

// Reset counts from nothing again.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts, p.history = Counts{Kinds: map[string]int{}, Peak: p.now}, nil
}

// Counts are what was asked since the beginning, or the last Reset.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Kinds = maps.Clone(c.Kinds)
	return c
}

// History is every request that came, in the order in which they came.
func (p *Proxy) History() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.history)
}

// Revoke makes every login that was seen count no more.
func (p *Proxy) Revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.void, p.seen)
}

// Strike does something when the nth request from now on comes, before the
// registry has it; 0 does nothing any more.
func (p *Proxy) Strike(nth int, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.struck, p.nth, p.strike = 0, nth, do
}
