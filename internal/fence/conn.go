package fence

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Unacknowledged is how long the kernel goes on sending bytes that the other
// side does not acknowledge. Without it, it retries for some 15 minutes
// (tcp(7): TCP_USER_TIMEOUT, tcp_retries2), and a request of a former holder
// arrives when the network is back. It must not be longer than a request may
// take.
const Unacknowledged = 5 * time.Second

// Dial is a dialer of http.Transport (DialContext).
type Dial = func(ctx context.Context, network, addr string) (net.Conn, error)

// Conns makes connections that ask the fence of the request that they carry
// before each write to the network. Trace tells them which request that is.
// With HTTP/1.1 a connection carries one request at a time.
func Conns(next Dial) Dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := next(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
}

// conn is a connection whose writes are checked.
type conn struct {
	net.Conn
	fence atomic.Pointer[Fence]
}

// Write is the last place in this process that a request passes: what is
// written here is sent by the kernel, and cannot be taken back.
func (c *conn) Write(p []byte) (int, error) {
	if f := c.fence.Load(); f != nil {
		if err := f.Check(); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// carry sets the fence of the request that the connection carries next; nil
// for a request that is checked by none.
func (c *conn) carry(f *Fence) {
	if old := c.fence.Swap(f); f != nil && old == nil {
		limitUnacknowledged(c.Conn)
	}
}

// Trace checks the fence of ctx, and gives a context in which the connection
// that gets the request checks it again on every write. Requests without a
// fence pass through it too, so that a connection used before is free for them.
func Trace(ctx context.Context) (context.Context, error) {
	f := From(ctx)
	if f != nil {
		if err := f.Check(); err != nil {
			return ctx, err
		}
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if c := ours(info.Conn); c != nil {
				c.carry(f)
			}
		},
	}), nil
}

// ours finds our connection below TLS.
func ours(c net.Conn) *conn {
	for {
		switch x := c.(type) {
		case *conn:
			return x
		case interface{ NetConn() net.Conn }:
			c = x.NetConn()
		default:
			return nil
		}
	}
}

// Transport makes the connections of t checked ones and gives the round tripper
// that requests must take. Where connections are kept it switches HTTP/2 off:
// there requests of several operations share a connection.
func Transport(t *http.Transport) http.RoundTripper {
	Limit(t)
	return roundTripper{t}
}

// Limit does the part of Transport for a client that calls Trace by itself.
func Limit(t *http.Transport) {
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	t.DialContext = Conns(dial)
	if t.DisableKeepAlives {
		return // one request per connection, whatever the protocol
	}
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	// A transport that was used before offers HTTP/2 to servers, and so does its clone.
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	if t.TLSClientConfig != nil {
		t.TLSClientConfig = t.TLSClientConfig.Clone()
		t.TLSClientConfig.NextProtos = []string{"http/1.1"}
	}
}

type roundTripper struct{ *http.Transport }

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, err := Trace(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as http.RoundTripper asks
		}
		return nil, err
	}
	return r.Transport.RoundTrip(req.WithContext(ctx))
}
