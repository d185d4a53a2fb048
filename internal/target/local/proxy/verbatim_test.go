package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// sides are a process that says what it got, and the proxy in front of it.
type sides struct{ direct, proxied string }

func newSides(t *testing.T, handler http.Handler, prefix string, strip bool) sides {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.DisableGeneralOptionsHandler = true
	s.Start()
	t.Cleanup(s.Close)
	return before(t, s.Listener.Addr(), prefix, strip)
}

// before puts the proxy before a process.
func before(t *testing.T, process net.Addr, prefix string, strip bool) sides {
	t.Helper()
	back := NewBackend(prefix, strip, slog.New(slog.DiscardHandler))
	t.Cleanup(back.Close)
	back.Point(process.(*net.TCPAddr).Port)
	p := New("dev of shop")
	p.Switch(NewTable([]*Release{{Component: "api", Version: "1", Prefix: prefix, Serve: back}}, map[string]string{"api": "1"}))
	return sides{process.String(), front(t, p)}
}

// front serves a handler as a place does.
func front(t *testing.T, h http.Handler) string {
	t.Helper()
	l := listen(t)
	s := NewServer(h, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// echo answers with everything that reached it. The query says how.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var all bytes.Buffer
	fmt.Fprintf(&all, "%s %s %s host=%s length=%d %v\nbody %x %v\n", r.Method, r.RequestURI, r.Proto, r.Host, r.ContentLength, r.TransferEncoding, body, err)
	for _, name := range names(r.Header) {
		empty := name == "Content-Length" && r.Header.Get(name) == "0" // with it or without: there is no body (RFC 9110, 8.6)
		if !strings.HasPrefix(name, "X-Forwarded-") && !empty {
			fmt.Fprintf(&all, "%s: %q\n", name, r.Header[name])
		}
	}
	for _, name := range names(r.Trailer) {
		fmt.Fprintf(&all, "trailer %s: %q\n", name, r.Trailer[name])
	}
	h := w.Header()
	h["Date"] = nil
	h.Add("Set-Cookie", "a=1")
	h.Add("Set-Cookie", "b=2")
	switch r.Header.Get("Want") {
	case "bare":
		h["Content-Type"] = nil
	case "early":
		h.Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		h.Set("Content-Type", "text/x-own")
		w.WriteHeader(http.StatusTeapot)
	case "none":
		w.WriteHeader(http.StatusNoContent)
		return
	case "trailers":
		h.Set("Trailer", "Grpc-Status")
		h.Set("Content-Type", "application/grpc")
	}
	_, _ = w.Write(all.Bytes()) // the client compares
	h.Set("Grpc-Status", "0")
}

func names(h http.Header) []string {
	var all []string
	for name := range h {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// answer is everything that a client sees of an answer, but the name of the release.
func answer(t *testing.T, res *http.Response, early []string) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // read
	var all strings.Builder
	fmt.Fprintf(&all, "%s %s length=%d %v %q\n", res.Proto, res.Status, res.ContentLength, res.TransferEncoding, early)
	res.Header.Del(Header)
	for _, name := range names(res.Header) {
		fmt.Fprintf(&all, "%s: %q\n", name, res.Header[name])
	}
	fmt.Fprintf(&all, "%s%v\n", body, err)
	for _, name := range names(res.Trailer) {
		fmt.Fprintf(&all, "trailer %s: %q\n", name, res.Trailer[name])
	}
	return all.String()
}

// raw sends bytes over a connection and reads the answer.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // of TCP: it cannot fail
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	var early []string
	for {
		method, _, _ := strings.Cut(request, " ")
		res, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return "no answer: " + err.Error()
		}
		if res.StatusCode >= 200 || res.StatusCode == 101 {
			return answer(t, res, early)
		}
		res.Header.Del(Header)
		early = append(early, fmt.Sprint(res.Status, res.Header))
	}
}

// targets are addresses that a client may write, with queries that Go cannot parse.
func targets() []string {
	all := []string{"/", "/x?q=100%", "/x?a=1;b=2", "/x?a=1;b=2&c=3", "/x?q=%E4&x", "/x?", "/x?&&=&", "/x?q=%zz&ok=1", "/x??", "/x?a=b?c#d", "/a%2Fb%2fc", "/a|b", `/a"b<c>^{}`,
		"/\xc3\xa9?\xc3\xa9", "/\xe4", "/a/../b", "/a//b", "//a/b", "/a;p=1/b", "/~a!$&'()*+,;=:@", "/%7E%41", "/x?q=a+b%20c", "/x?%00", "/[a]", `/a\b`, "http://shop.test/abs?q=100%"}
	const of = `abc/;&=%+?:@!$'()*,~|"<>^{}[]\` + "`"
	draw := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	for range 300 {
		path, query := "/", ""
		for range draw.IntN(12) {
			c := of[draw.IntN(len(of))]
			if c == '?' || c == '%' {
				path += "%" + fmt.Sprintf("%02x", draw.IntN(256))
				continue
			}
			path += string(c)
		}
		for range draw.IntN(12) {
			query += string(of[draw.IntN(len(of))])
		}
		if !strings.HasPrefix(path, "//") { // only "//a/b" above: see target
			all = append(all, path+"?"+query)
		}
	}
	return all
}

// What a process gets through the proxy, and what its client gets, is what both get
// over a plain connection.
func TestHTTP1PassesAsItCame(t *testing.T) {
	t.Parallel()
	s := newSides(t, http.HandlerFunc(echo), "/", false)
	requests := []string{}
	for _, target := range targets() {
		requests = append(requests, "GET "+target+" HTTP/1.1\r\nHost: shop.test\r\n\r\n")
	}
	const chunked = "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
	for _, want := range []string{"", "bare", "early", "none", "trailers"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} {
			if method == "HEAD" && want == "trailers" {
				continue // the header Trailer belongs to one hop, and no trailer follows
			}
			begin := method + " /x?a=1;b HTTP/1.1\r\nHost: shop.test\r\nWant: " + want + "\r\nX-Two: 1\r\nX-Two: 2\r\nCookie: a=b; c\r\nX-Empty:\r\nTE: trailers\r\nForwarded: for=1.2.3.4\r\n"
			requests = append(requests, begin+"\r\n", begin+"User-Agent: curl\r\nAccept-Encoding: br\r\n\r\n")
			if method != "GET" && method != "HEAD" {
				requests = append(requests, begin+"Content-Length: 0\r\n\r\n", begin+"Content-Length: 4\r\n\r\n\x00\xffab", begin+chunked,
					begin+"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
			}
		}
	}
	for _, r := range requests {
		direct, proxied := raw(t, s.direct, r), raw(t, s.proxied, r)
		// An absolute target is for proxies: it is made one of the origin form.
		if strings.HasPrefix(r, "GET http") {
			proxied = strings.Replace(proxied, "GET /abs", "GET http://shop.test/abs", 1)
			direct, proxied = strings.TrimSpace(strings.SplitN(direct, "\n", 6)[4]), strings.TrimSpace(strings.SplitN(proxied, "\n", 6)[4])
		}
		if direct != proxied {
			t.Errorf("%q\ndirect:  %s\nproxied: %s", r, direct, proxied)
		}
	}
	t.Logf("%d requests compared", len(requests))
}

// A request over HTTP/2 without TLS, as gRPC sends it, arrives as one.
func TestHTTP2PassesAsItCame(t *testing.T) {
	t.Parallel()
	s := newSides(t, http.HandlerFunc(echo), "/", false)
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	ask := func(address, target, want string, body []byte) string {
		path, query, _ := strings.Cut(target, "?")
		r := (&http.Request{
			Method: http.MethodPost, Host: "shop.test", Header: http.Header{"Want": {want}, "Te": {"trailers"}, "User-Agent": {""}},
			URL: &url.URL{Scheme: "http", Host: address, Opaque: path, RawQuery: query, ForceQuery: strings.Contains(target, "?")},
		}).WithContext(t.Context())
		if body != nil {
			r.Body = io.NopCloser(bytes.NewReader(body)) // of unknown length
			r.ContentLength = -1
			r.Trailer = http.Header{"X-Sum": {"1"}}
		}
		var early []string
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			delete(h, Header)
			early = append(early, fmt.Sprint(code, h))
			return nil
		}}))
		res, err := transport.RoundTrip(r)
		if err != nil {
			return "no answer: " + err.Error()
		}
		return answer(t, res, early)
	}
	compared := 0
	for _, target := range targets() {
		if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
			continue // the client of the test cannot write it
		}
		for _, want := range []string{"", "bare", "early", "none", "trailers"} {
			for _, body := range [][]byte{nil, []byte("\x00abc")} {
				direct, proxied := ask(s.direct, target, want, body), ask(s.proxied, target, want, body)
				if direct != proxied || !strings.HasPrefix(direct, "HTTP/2.0") {
					t.Errorf("%q %s %q\ndirect:  %s\nproxied: %s", target, want, body, direct, proxied)
				}
				compared++
			}
		}
	}
	t.Logf("%d requests compared", compared)
}

// Both directions of a stream are open at the same time, as a gRPC stream needs it.
func TestHTTP2StreamsBothWays(t *testing.T) {
	t.Parallel()
	s := newSides(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		lines := bufio.NewScanner(r.Body)
		for _ = w.(http.Flusher); lines.Scan(); {
			_, _ = io.WriteString(w, "got "+lines.Text()+"\n") // the client looks
			w.(http.Flusher).Flush()
		}
	}), "/", false)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	for _, address := range []string{s.direct, s.proxied} {
		in, out := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/", in)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(out, "0\n") }() // the transport reads it
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(res.Body)
		for i := range 5 {
			if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("got %d\n", i) {
				t.Fatalf("%q %v", line, err)
			}
			if _, err := fmt.Fprintf(out, "%d\n", i+1); err != nil {
				t.Fatal(err)
			}
		}
		_ = out.Close() // of a pipe
		_ = res.Body.Close()
	}
}

// An upgraded connection (WebSocket) passes every byte, in both directions; one to
// HTTP/2 (h2c) is for one hop, and is not taken.
func TestUpgradesPassAsTheyCame(t *testing.T) {
	t.Parallel()
	s := newSides(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			w.Header()["Date"] = nil
			_, _ = io.WriteString(w, r.RequestURI) // the client compares
			return
		}
		c, b, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\nX-Got: %s %s\r\n\r\n", r.RequestURI, r.Header.Get("Sec-WebSocket-Key"))
		_, _ = io.CopyN(c, b, 1<<16) // until the client has all
	}), "/", false)
	sent := make([]byte, 1<<16)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	open := func(address, upgrade string) (string, []byte) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Minute)) // of TCP: it cannot fail
		_, _ = fmt.Fprintf(c, "GET /ws?q=100%%;x HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nSec-WebSocket-Key: dGhl\r\nSec-WebSocket-Version: 13\r\n\r\n", upgrade)
		r := bufio.NewReader(c)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusSwitchingProtocols {
			return answer(t, res, nil), nil
		}
		go func() { _, _ = c.Write(sent) }() // what comes back is compared
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(r, got); err != nil {
			t.Error(err)
		}
		res.Header.Del(Header)
		return fmt.Sprint(res.Status, res.Header), got
	}
	for _, upgrade := range []string{"websocket", "h2c"} {
		direct, echoed := open(s.direct, upgrade)
		proxied, through := open(s.proxied, upgrade)
		if direct != proxied || !bytes.Equal(echoed, through) || upgrade == "websocket" && !bytes.Equal(echoed, sent) {
			t.Errorf("%s\ndirect:  %s\nproxied: %s", upgrade, direct, proxied)
		}
	}
}

// A prefix is taken off the address and the rest stays as it came.
func TestAPrefixIsTakenOffTheAddressAsItCame(t *testing.T) {
	t.Parallel()
	s := newSides(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RequestURI) // the client compares
	}), "/api", true)
	for in, want := range map[string]string{
		"/%61pi/a|b": "/a|b", "/api": "/", "/api/": "/", "/api?q=100%": "/?q=100%", "/api/a|b?a=1;b": "/a|b?a=1;b", "/api/a%2fb?": "/a%2fb?", "/%61pi/x?a;b": "/x?a;b",
	} {
		if got := raw(t, s.proxied, "GET "+in+" HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.Contains(got, "\n"+want+"<nil>") {
			t.Errorf("%s: want %s in %s", in, want, got)
		}
	}
}
