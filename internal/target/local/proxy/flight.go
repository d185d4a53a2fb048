package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// flight is one request over HTTP/1. When its client closes its side of the
// connection, the process sees that, as over a plain connection, and may still answer.
type flight struct {
	mu       sync.Mutex
	back     *backConn
	wrote    bool // the request was written into the buffer of the connection
	finished bool // the client has closed its side
	late     bool // the connection that was chosen takes no request any more
}

type flightKey struct{}

// flightOf is nil for a request that did not come over HTTP/1.
func flightOf(r *http.Request) *flight {
	f, _ := r.Context().Value(flightKey{}).(*flight)
	return f
}

func (f *flight) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.back, _ = info.Conn.(*backConn)
			f.wrote, f.late = false, !f.back.take(f)
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.wrote = info.Err == nil
			f.back.handed()
			f.pass()
		},
	}
}

// end is called when the client has closed its side.
func (f *flight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = true
	f.pass()
}

func (f *flight) pass() {
	if f.finished && f.wrote {
		f.back.finish(f)
	}
}

func (f *flight) refused() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.late
}

// errLate says that the connection was closed for the request before this one.
var errLate = errors.New("the connection takes no more requests")

// backConn is a connection to a process. http.Transport writes a request into a buffer
// and tells of that before it empties the buffer.
type backConn struct {
	*net.TCPConn
	mu       sync.Mutex
	of       *flight
	buffered bool // the whole request is in the buffer
	direct   bool // the last that was sent did not go through the buffer
	sent     bool // the whole request was sent
	ending   bool // our side is to be closed when all is sent
	finished bool // our side is closed; http.Transport does not know
}

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		return &backConn{TCPConn: tcp}, nil
	}
	return c, err
}

// take is false when nothing can be sent any more.
func (b *backConn) take(f *flight) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of, b.buffered, b.sent, b.direct, b.ending = f, false, false, false, false
	return !b.finished
}

func (b *backConn) handed() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buffered, b.sent = true, b.direct
	b.close()
}

// finish closes our side, when no other request has the connection by now.
func (b *backConn) finish(f *flight) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of != f {
		return
	}
	b.ending = true
	b.close()
}

func (b *backConn) close() {
	if b.ending && b.sent && !b.finished {
		b.finished = true
		_ = b.CloseWrite() // a broken connection is noticed by its reader
	}
}

// Write refuses a request on a connection whose side is closed.
func (b *backConn) Write(p []byte) (int, error) {
	b.mu.Lock()
	finished := b.finished
	b.mu.Unlock()
	if finished {
		return 0, errLate
	}
	n, err := b.TCPConn.Write(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct = false
	if b.buffered && err == nil {
		b.sent = true
		b.close()
	}
	return n, err
}

// ReadFrom sends a body of known length, after the buffer was emptied.
func (b *backConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := b.TCPConn.ReadFrom(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct = true
	return n, err
}

// guarded is a body that is kept when the request cannot be sent: it is sent again.
type guarded struct {
	io.ReadCloser
	of *flight
}

// Read reads.
func (g guarded) Read(p []byte) (int, error) {
	if g.of.refused() {
		return 0, errLate
	}
	return g.ReadCloser.Read(p)
}

// Close closes.
func (g guarded) Close() error {
	if g.of.refused() {
		return nil
	}
	return g.ReadCloser.Close()
}
