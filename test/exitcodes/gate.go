// Package exitcodes tests with the real program that an exit code means what
// docs/exit-codes.md says: after each failed write the code does not claim that
// nothing was changed.
package exitcodes

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"falkirk/test/chaos/faults"
)

// Gate is a server with a registry, a channel for notices, and AWS behind it. It
// counts requests that write, and answers one of them that it has found nothing.
type Gate struct {
	URL      string
	aws      http.Handler
	registry http.Handler

	mu      sync.Mutex
	nth     int // the write that is refused; 0 is none
	seen    int
	changed []string // writes that were done
	refused string
}

// NewGate starts a gate before an emulator of AWS.
func NewGate(t *testing.T, upstream string) *Gate {
	t.Helper()
	to, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{registry: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	g.aws = &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// Host is the registry.
func (g *Gate) Host() string { return strings.TrimPrefix(g.URL, "http://") }

// Refuse has the nth write from now on refused, and forgets what was done.
func (g *Gate) Refuse(nth int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.nth, g.seen, g.changed, g.refused = nth, 0, nil, ""
}

// Done are the writes that were done since Refuse, and the one that was refused.
func (g *Gate) Done() (changed []string, refused string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed, g.refused
}

// ServeHTTP passes a request on, or refuses it.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	images := strings.HasPrefix(r.URL.Path, "/v2/")
	channel := strings.HasPrefix(r.URL.Path, "/hook")
	write, name := r.Method != http.MethodGet && r.Method != http.MethodHead, r.Method+" "+r.URL.Path
	if !images && !channel {
		name = faults.Operation(r, body)
		write = !reads(name)
	}
	if write && g.refuses(name) {
		notFound(w, r, images)
		return
	}
	seen := &answer{ResponseWriter: w}
	switch {
	case channel:
		fmt.Fprint(seen, "ok")
	case images:
		g.registry.ServeHTTP(seen, r)
	default:
		g.aws.ServeHTTP(seen, r)
	}
	if write && seen.status < 300 {
		g.mu.Lock()
		g.changed = append(g.changed, name)
		g.mu.Unlock()
	}
}

func (g *Gate) refuses(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen++
	if g.seen == g.nth {
		g.refused = name
	}
	return g.seen == g.nth
}

func reads(operation string) bool {
	for _, verb := range []string{"Get", "Head", "List", "Describe", "Assume", "Batch", "Simulate", "Validate"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

// answer remembers the status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// notFound is how a service says that what is named is not there.
func notFound(w http.ResponseWriter, r *http.Request, images bool) {
	kind, text := "application/xml", `<Error><Code>NoSuchBucket</Code><Message>by the test</Message></Error>`
	switch {
	case images:
		kind, text = "application/json", `{"errors":[{"code":"NAME_UNKNOWN","message":"by the test"}]}`
	case r.Header.Get("X-Amz-Target") != "":
		kind, text = "application/x-amz-json-1.1", `{"__type":"RepositoryNotFoundException","message":"by the test"}`
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		kind, text = "text/xml", `<ErrorResponse><Error><Type>Sender</Type><Code>ResourceNotFoundException</Code><Message>by the test</Message></Error><RequestId>x</RequestId></ErrorResponse>`
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, text)
}
