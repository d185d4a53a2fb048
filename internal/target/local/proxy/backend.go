package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Backend is a process that requests are sent to. Its port may change while
// it serves, when the process was started again.
type Backend struct {
	port  atomic.Int64
	http1 *http.Transport
	http2 *http.Transport // without TLS (h2c), as gRPC needs it
	proxy *httputil.ReverseProxy
}

// NewBackend makes a backend without a port; strip takes the prefix off the
// path before it is sent.
func NewBackend(prefix string, strip bool, log *slog.Logger) *Backend {
	b := &Backend{http1: newTransport(), http2: newTransport()}
	b.http2.Protocols = new(http.Protocols)
	b.http2.Protocols.SetUnencryptedHTTP2(true)
	b.proxy = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { b.rewrite(r, prefix, strip) },
		Transport: retrying{b},
		// A header, and a part of a body, does not wait for what comes later.
		FlushInterval: time.Millisecond,
		BufferPool:    &buffers{},
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ModifyResponse: func(r *http.Response) error {
			if v, ok := r.Request.Context().Value(answerKey{}).(*verbatim); ok {
				v.empty = r.ContentLength == 0 || r.Request.Method == http.MethodHead || r.StatusCode == http.StatusNoContent || r.StatusCode == http.StatusNotModified
			}
			r.Header.Del(Header) // the proxy has named the release; an app may not say otherwise
			return nil
		},
		ErrorHandler: refuse,
	}
	return b
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		MaxIdleConnsPerHost: 1024,
		// Shorter than the five seconds after which Node closes an idle
		// connection: a request must not be sent into one that is closing.
		IdleConnTimeout:        4 * time.Second,
		ExpectContinueTimeout:  time.Second, // the process may refuse a body before it is sent
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
}

// Point sends requests to another port from now on; 0 is nowhere.
func (b *Backend) Point(port int) { b.port.Store(int64(port)) }

// Close closes the connections that wait for a request.
func (b *Backend) Close() {
	b.http1.CloseIdleConnections()
	b.http2.CloseIdleConnections()
}

// ServeHTTP sends the request on.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 && r.Trailer == nil {
		r.Trailer = http.Header{} // those that are not announced come into it
	}
	f := &flight{}
	ctx := context.WithValue(r.Context(), protoKey{}, r.ProtoMajor)
	if c := connOf(r); c != nil {
		ctx = httptrace.WithClientTrace(context.WithValue(ctx, flightKey{}, f), f.trace())
		c.onEnd(f.end)
	}
	v := &verbatim{ResponseWriter: w, release: w.Header().Get(Header)}
	ctx = context.WithValue(ctx, answerKey{}, v)
	defer v.cut()
	b.proxy.ServeHTTP(v, r.WithContext(ctx))
}

// protoKey is the version of HTTP that a request came by; the standard library
// writes HTTP/1.1 into what is sent on.
type protoKey struct{}

func (b *Backend) address() string {
	return "127.0.0.1:" + strconv.FormatInt(b.port.Load(), 10)
}

func (b *Backend) rewrite(r *httputil.ProxyRequest, prefix string, strip bool) {
	r.Out.URL.Scheme = "http"
	r.Out.URL.Host = b.address()
	r.Out.Host = r.In.Host
	target(r.Out.URL, r.In, prefix, strip)
	trailers(r.Out, r.In)
	if f := flightOf(r.Out); f != nil && r.Out.Body != nil {
		r.Out.Body = guarded{r.Out.Body, f}
	}
	if strings.EqualFold(r.Out.Header.Get("Upgrade"), "h2c") { // for this hop only; the answer is HTTP/1.1
		r.Out.Header.Del("Upgrade")
		r.Out.Header.Del("Connection")
	}
	// Only this machine reaches the proxy, so who stands before it is believed.
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"} {
		if v := r.In.Header[name]; len(v) > 0 {
			r.Out.Header[name] = v
		}
	}
}

func refuse(w http.ResponseWriter, _ *http.Request, _ error) {
	http.Error(w, "the release does not answer", http.StatusBadGateway)
}

// retrying sends a request again that reached nobody: the process is being
// started again, perhaps on another port. A request with a body is not
// repeated, as the body may have been read.
type retrying struct{ b *Backend }

func (t retrying) RoundTrip(r *http.Request) (*http.Response, error) {
	wait := 20 * time.Millisecond
	for try := 0; ; try++ {
		res, err := t.b.transport(r).RoundTrip(r)
		if f := flightOf(r); err != nil && f.refused() && r.Context().Err() == nil {
			continue // nothing of it was sent, and the body was not read
		}
		if err == nil || try == 6 || !isDial(err) || r.Body != nil && r.Body != http.NoBody {
			return res, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-r.Context().Done():
			timer.Stop()
			return nil, r.Context().Err()
		case <-timer.C:
		}
		wait *= 2
		r = r.Clone(r.Context())
		r.URL.Host = t.b.address()
	}
}

// transport speaks the protocol that the request came by.
func (b *Backend) transport(r *http.Request) *http.Transport {
	if came, ok := r.Context().Value(protoKey{}).(int); ok && came == 2 {
		return b.http2
	}
	return b.http1
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// buffers lends the buffers that bodies are copied with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
