package network

import (
	"net"
	"net/http"
	"time"
)

// longestDial is how long a connection may take.
const longestDial = 10 * time.Second

// NewTransport makes a transport with the proxy and certificates of another one,
// whose connections have limits and whose errors name the proxy that refuses; nil
// is the standard library's.
func NewTransport(like *http.Transport) *http.Transport {
	if like == nil {
		like = http.DefaultTransport.(*http.Transport) //nolint:forcetypeassert // the standard library's own
	}
	t := like.Clone()
	Prepare(t)
	return t
}

// Prepare does the same to a transport that was not used yet.
func Prepare(t *http.Transport) {
	t.DialContext = (&net.Dialer{Timeout: longestDial, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = longestDial + 5*time.Second // Patient and Trace end it before, and say what did not come
	t.Proxy = strict(t.Proxy)
	NoteProxy(t)
}

// NewClient makes a client that follows no redirect: what it sends is for one
// server. It waits for no part of a request without a limit.
func NewClient(t http.RoundTripper, l Limits) *http.Client {
	return &http.Client{
		Transport:     Patient(t, l),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
