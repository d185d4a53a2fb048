package proxy

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Backend is a process that requests are sent to. Its port may change while
// it serves, when the process was started again.
type Backend struct {
	port      atomic.Int64
	transport *http.Transport
	proxy     *httputil.ReverseProxy
}

// NewBackend makes a backend without a port; strip takes the prefix off the
// path before it is sent.
func NewBackend(prefix string, strip bool, log *slog.Logger) *Backend {
	b := &Backend{transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 1024,
		// Shorter than the five seconds after which Node closes an idle
		// connection: a request must not be sent into one that is closing.
		IdleConnTimeout:    4 * time.Second,
		DisableCompression: true,
		WriteBufferSize:    16 << 10,
		ReadBufferSize:     16 << 10,
	}}
	b.proxy = &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { b.rewrite(r, prefix, strip) },
		Transport:  retrying{b},
		BufferPool: &buffers{},
		ErrorLog:   slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del(Header) // the proxy has named the release; an app may not say otherwise
			return nil
		},
		ErrorHandler: refuse,
	}
	return b
}

// Point sends requests to another port from now on; 0 is nowhere.
func (b *Backend) Point(port int) { b.port.Store(int64(port)) }

// Close closes the connections that wait for a request.
func (b *Backend) Close() { b.transport.CloseIdleConnections() }

// ServeHTTP sends the request on.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.proxy.ServeHTTP(w, r) }

func (b *Backend) address() string {
	return "127.0.0.1:" + strconv.FormatInt(b.port.Load(), 10)
}

func (b *Backend) rewrite(r *httputil.ProxyRequest, prefix string, strip bool) {
	r.Out.URL.Scheme = "http"
	r.Out.URL.Host = b.address()
	r.Out.Host = r.In.Host
	// Only this machine reaches the proxy, so who stands before it is believed.
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v := r.In.Header.Get(name); v != "" {
			r.Out.Header.Set(name, v)
		}
	}
	if strip && prefix != "/" {
		cut(r.Out.URL, prefix)
	}
}

func cut(u *url.URL, prefix string) {
	u.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(u.Path, prefix), "/")
	if u.RawPath != "" {
		u.RawPath = "/" + strings.TrimPrefix(strings.TrimPrefix(u.RawPath, prefix), "/")
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
		res, err := t.b.transport.RoundTrip(r)
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
