package network_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Each cause that a real client meets has its own text, kind and next step.
func TestEachCauseHasItsOwnText(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodConnect:
			w.WriteHeader(http.StatusProxyAuthRequired)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(plain.Close)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	noServer := &net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS server")
	}}}
	seen := map[string]string{}
	for name, c := range map[string]struct {
		address, proxy string
		dial           *net.Dialer
		trust          bool
		text           string
		kind           fault.Kind
		lasting        bool
	}{
		"no name":       {address: "https://sts.example.onion/", text: "cannot resolve sts.example.onion: the name does not exist", kind: fault.Unavailable},
		"no DNS":        {address: "https://sts.example.test/", dial: noServer, text: "cannot resolve sts.example.test: the name cannot be resolved", kind: fault.Unavailable},
		"refused":       {address: "http://" + refused, text: refused + " refuses the connection", kind: fault.Unavailable},
		"authority":     {address: secure.URL, text: "signed by an unknown authority", kind: fault.Invalid, lasting: true},
		"other name":    {address: strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), trust: true, text: "is for another name", kind: fault.Invalid, lasting: true},
		"no TLS":        {address: strings.Replace(plain.URL, "http:", "https:", 1), text: "answers without TLS", kind: fault.Invalid, lasting: true},
		"cut":           {address: plain.URL, text: "closes the connection without an answer", kind: fault.Unavailable},
		"proxy login":   {address: "https://sts.example.onion/", proxy: plain.URL, text: "wants a login before it connects to sts.example.onion", kind: fault.Refused, lasting: true},
		"proxy refused": {address: "https://sts.example.onion/", proxy: "http://" + refused, text: "the proxy for sts.example.onion cannot be reached: " + refused, kind: fault.Unavailable},
		"proxy no name": {address: "https://sts.example.onion/", proxy: "http://proxy.example.onion:3128", text: "cannot be reached: cannot resolve proxy.example.onion", kind: fault.Unavailable},
	} {
		transport := &http.Transport{DisableKeepAlives: true}
		if c.trust {
			transport = secure.Client().Transport.(*http.Transport).Clone() //nolint:forcetypeassert // of httptest
		}
		if c.dial != nil {
			transport.DialContext = c.dial.DialContext
		}
		if c.proxy != "" {
			u, err := url.Parse(c.proxy)
			if err != nil {
				t.Fatal(err)
			}
			transport.Proxy = http.ProxyURL(u)
		}
		network.NoteProxy(transport)
		_, err := (&http.Client{Transport: transport, Timeout: time.Minute}).Get(c.address) //nolint:bodyclose,noctx // it fails
		f := network.Of(err)
		if f == nil {
			t.Errorf("%s: no cause in %v", name, err)
			continue
		}
		if !strings.Contains(f.Text, c.text) || f.Kind != c.kind || f.Lasting != c.lasting || f.Hint == "" {
			t.Errorf("%s: %+v", name, f)
		}
		if told := network.Explain(err); !fault.Is(told, c.kind) || fault.HintOf(told) == "" || !errors.Is(told, err) {
			t.Errorf("%s is explained as %v", name, told)
		}
		if other := seen[f.Text]; other != "" {
			t.Errorf("%s and %s are told in the same words: %s", name, other, f.Text)
		}
		seen[f.Text] = name
	}
	for _, err := range []error{nil, errors.New("x"), context.Canceled, &url.Error{Op: "Get", URL: "https://x", Err: context.Canceled}} {
		if f := network.Of(err); f != nil {
			t.Errorf("%v is %+v", err, f)
		}
	}
}
