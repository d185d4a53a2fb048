package proxy

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// conn is a connection from a client. http.Server reads from it and finds the ends
// of the requests; conn changes two things only:
//
//   - a "%" in a path that begins no escape is handed out as "%25", because net/http
//     refuses such a path (see line). This is done only in a request line that the
//     server begins to read while it is between two requests;
//   - a client that closes its side while a request is being answered does not end
//     the request (see hold).
type conn struct {
	*net.TCPConn
	in, inSpace   []byte // read and not handed out
	out, outSpace []byte // to hand out first

	mu       sync.Mutex
	line     line
	phase    phase
	left     int64 // of a body, when its length is known
	lost     bool  // a body without a length: the server may have read more than the body
	finished bool  // the client has closed its side
	ended    func()
	deadline time.Time
	changed  chan struct{} // closed when deadline changes; made by hold, which waits for it
}

// phase is what the server reads.
type phase int

const (
	inHead phase = iota // between two requests, or the head of one
	inBody              // a request is being answered
	inRest              // HTTP/2, or an upgraded connection: not looked at
)

func newConn(c *net.TCPConn) *conn { return &conn{TCPConn: c} }

func (c *conn) follow(state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.phase == inRest:
	case state == http.StateActive:
		c.phase = inBody
	case state == http.StateIdle:
		c.phase, c.left, c.ended = inHead, 0, nil
		c.line = line{raw: c.line.raw[:0], made: c.line.made[:0], done: c.lost}
	case state == http.StateHijacked:
		c.phase = inRest
	}
}

// began gives a request the address that the client wrote. It is false when the line
// that was changed is not the line of this request.
func (c *conn) began(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = max(0, r.ContentLength)
	c.lost = c.lost || r.ContentLength < 0
	if !c.line.changed {
		return true
	}
	if r.RequestURI != string(c.line.made) {
		return false
	}
	r.RequestURI = string(c.line.raw)
	c.line.changed = false
	return true
}

// Read reads.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	now, left, lost, done := c.phase, c.left, c.lost, c.line.done
	c.mu.Unlock()
	if now == inHead && !done || len(c.out) > 0 {
		return c.readHead(p)
	}
	watches := now == inBody && len(p) == 1 && left == 0 // the server looks for the end of the client
	// What follows the body stays here, so that the next line is seen from its begin.
	if now == inBody && !lost && left > 0 && int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.next(p)
	if now == inBody && !watches {
		c.mu.Lock()
		c.left = max(0, c.left-int64(n))
		c.mu.Unlock()
	}
	if watches && err == io.EOF { //nolint:errorlint // as io.Reader says
		return 0, c.hold()
	}
	return n, err
}

// next hands out what was read before, or reads.
func (c *conn) next(p []byte) (int, error) {
	if len(c.in) > 0 {
		n := copy(p, c.in)
		c.in = c.in[n:]
		return n, nil
	}
	return c.TCPConn.Read(p)
}

// readHead hands out a head up to its end, with its line changed.
func (c *conn) readHead(p []byte) (int, error) {
	for len(c.out) == 0 {
		if len(c.in) == 0 {
			if c.inSpace == nil {
				c.inSpace = make([]byte, 4<<10)
			}
			n, err := c.TCPConn.Read(c.inSpace)
			if n == 0 && err != nil {
				return 0, err
			}
			c.in = c.inSpace[:n]
		}
		c.mu.Lock()
		var read int
		c.out, read = c.line.pass(c.outSpace[:0], c.in)
		c.outSpace = c.out
		if c.line.http2 {
			c.phase = inRest
		}
		c.mu.Unlock()
		c.in = c.in[read:]
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// onEnd sets what is called when the client closes its side.
func (c *conn) onEnd(f func()) {
	c.mu.Lock()
	c.ended = f
	finished := c.finished
	c.mu.Unlock()
	if finished {
		f()
	}
}

// hold keeps the end of what the client sends from the server, which would end the
// request: the client may still wait for the answer. It returns when the server stops
// to watch, or when the client is gone: TCP then refuses to write. A closed client on
// Linux is gone when it answers so to a write or to a keep-alive probe.
func (c *conn) hold() error {
	c.mu.Lock()
	c.finished = true
	ended := c.ended
	c.mu.Unlock()
	if ended != nil {
		ended()
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		c.mu.Lock()
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		deadline, changed := c.deadline, c.changed
		c.mu.Unlock()
		if !deadline.IsZero() && !time.Now().Before(deadline) {
			return os.ErrDeadlineExceeded
		}
		select {
		case <-changed:
		case <-tick.C:
			if _, err := c.Write(nil); err != nil {
				return io.EOF
			}
		}
	}
}

// SetReadDeadline sets it.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
	c.mu.Unlock()
	return c.TCPConn.SetReadDeadline(t)
}

// SetDeadline sets it.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// Close closes the connection and ends hold.
func (c *conn) Close() error {
	err := c.TCPConn.Close()
	_ = c.SetReadDeadline(time.Unix(1, 0)) // it is closed
	return err
}

// WriteTo copies what Read gives.
func (c *conn) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{c}) }
