package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// plain is a process that does not use net/http, and takes what net/http refuses. It
// answers with what reached it.
type plain struct{ release chan struct{} }

func newPlain(t *testing.T, prefix string) (sides, *plain) {
	t.Helper()
	l, p := listen(t), &plain{make(chan struct{})}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); p.one(c, in); {
				}
			}()
		}
	}()
	return before(t, l.Addr(), prefix, true), p
}

// one answers one request; false ends the connection.
func (p *plain) one(c net.Conn, in *bufio.Reader) bool {
	first, fields, err := head(in)
	if err != nil {
		return false
	}
	body := ""
	for _, f := range fields {
		if n, ok := strings.CutPrefix(f, "content-length: "); ok {
			size, _ := strconv.Atoi(n) // of the test
			all := make([]byte, size)
			_, err = io.ReadFull(in, all)
			body = string(all)
		} else if f == "transfer-encoding: chunked" {
			var all []byte
			all, err = io.ReadAll(httputil.NewChunkedReader(in))
			ends, _ := list(in)
			body = fmt.Sprintf("%s %q", all, ends)
		}
	}
	if err != nil {
		return false
	}
	switch _, path, _ := strings.Cut(first, "/"); {
	case strings.HasPrefix(path, "after-end"): // waits until the client closes its side
		_, _ = io.Copy(io.Discard, in)
	case strings.HasPrefix(path, "cut"):
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Length: 100\r\n\r\nonly this")
		return false
	case strings.HasPrefix(path, "chunkcut"):
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		return false
	case strings.HasPrefix(path, "late"), strings.HasPrefix(path, "part"):
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"+strings.Repeat("h", strings.Count(path, "part")))
		<-p.release
		return false
	case strings.HasPrefix(path, "up"):
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello ")
		_, _ = io.Copy(c, in)
		return false
	}
	if len(body) > 1<<10 {
		body = fmt.Sprint(len(body))
	}
	got := fmt.Sprintf("%q %q %q", first, fields, body)
	if len(got) > 1<<16 {
		got = fmt.Sprint(len(first), len(fields), len(body), len(fields[len(fields)-1]))
	}
	_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(got), got)
	if strings.Contains(first, "keep-open") {
		<-p.release
	}
	return true
}

// head is a line and the fields after it.
func head(in *bufio.Reader) (first string, fields []string, err error) {
	if first, err = in.ReadString('\n'); err != nil {
		return "", nil, err
	}
	fields, err = list(in)
	return first, fields, err
}

// list is the fields up to an empty line, without those that a proxy adds.
func list(in *bufio.Reader) (fields []string, err error) {
	for {
		l, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		name, value, ok := strings.Cut(strings.TrimRight(l, "\r\n"), ":")
		if !ok {
			slices.Sort(fields)
			return fields, nil
		}
		f := strings.ToLower(name) + ": " + strings.TrimSpace(value)
		if !strings.HasPrefix(f, "x-forwarded-") && f != "content-length: 0" {
			fields = append(fields, f)
		}
	}
}

// talk sends parts over one connection, closes its side where that is asked, and says
// what comes back until the other side ends or count answers are there.
func talk(t *testing.T, address string, parts []string, half bool, count int) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second)) // of TCP: it cannot fail
	in, all := bufio.NewReader(c), ""
	go func() {
		for _, p := range parts {
			_, _ = io.WriteString(c, p) // what comes back is compared
		}
		if half {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	for range count {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return all + "no answer: " + err.Error()
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			body, err := io.ReadAll(in)
			return fmt.Sprint(all, res.Status, string(body), err)
		}
		all += answer(t, res, nil)
	}
	return all
}

// What only a process without net/http takes reaches it as over a plain connection.
func TestWhatNetHTTPRefusesPassesAsItCame(t *testing.T) {
	t.Parallel()
	s, _ := newPlain(t, "/")
	const host = " HTTP/1.1\r\nHost: shop.test\r\n"
	kinds := map[string]struct {
		parts []string
		half  bool
		count int
	}{
		"options *":         {[]string{"OPTIONS *" + host + "\r\n"}, false, 1},
		"a long header":     {[]string{"GET /" + host + "X-Big: " + strings.Repeat("a", 5<<18) + "\r\n\r\n"}, false, 1},
		"a long address":    {[]string{"GET /" + strings.Repeat("a", 5<<18) + "%" + host + "\r\n"}, false, 1},
		"half closed":       {[]string{"GET /after-end" + host + "\r\n"}, true, 1},
		"half closed, post": {[]string{"POST /after-end" + host + "Content-Length: 3\r\n\r\nabc"}, true, 1},
		"half closed, 1":    {[]string{"POST /after-end" + host + "Content-Length: 1\r\n\r\na"}, true, 1},
		"half closed, parts": {[]string{
			"POST /after-end" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		}, true, 1},
		"body cut":                          {[]string{"POST /" + host + "Content-Length: 9\r\n\r\nabc"}, true, 1},
		"answer cut":                        {[]string{"GET /cut" + host + "\r\n"}, false, 1},
		"answer in parts cut":               {[]string{"GET /chunkcut" + host + "\r\n"}, false, 1},
		"trailer":                           {[]string{"POST /" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n"}, false, 1},
		"upgrade and bytes":                 {[]string{"GET /up" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly" + strings.Repeat("x", 1<<14)}, true, 1},
		"one after the other, sent at once": {[]string{strings.Repeat("GET /1%"+host+"\r\nGET /%25"+host+"\r\n", 20)}, false, 40},
		"bodies between, sent at once":      {[]string{strings.Repeat("POST /1%"+host+"Content-Length: 12\r\n\r\nGET /% HTTP\nPUT /%%z"+host+"Content-Length: 0\r\n\r\n", 20)}, false, 40},
		"a body that looks like a request": {[]string{
			"POST /%zz" + host + "Content-Length: 31\r\n\r\n", "GET /100% HTTP/1.1\r\nHost: x\r\n\r\n", "GET /2%" + host + "\r\n",
		}, false, 2},
		"a header that looks like an address": {[]string{"GET /" + host + "X-A: b /100% HTTP/1.1\r\n\r\n"}, false, 1},
		"a body with no length":               {[]string{"POST /%" + host + "Transfer-Encoding: chunked\r\n\r\n6\r\n/100% \r\n0\r\n\r\n", "GET /" + host + "X: /% \r\n\r\n"}, false, 2},
		"byte by byte":                        {strings.Split("GET /%%4%41%zz%4z%?%%"+host+"\r\n", ""), false, 1},
	}
	for _, path := range []string{"/100%", "/a%zz", "/a%2", "/%", "/%%", "/%%41", "/%4%41", "/%25", "/a%zz?x=%zz", "/x?a/%", "/%?%", "/a%00b", "/a#%", "/a%2Fb%", "/:a%", "/\xff%\xfe"} {
		for _, method := range []string{"GET", "PURGE", "POST"} {
			kinds[method+" "+path] = struct {
				parts []string
				half  bool
				count int
			}{[]string{method + " " + path + host + "\r\n"}, false, 1}
		}
	}
	for name, k := range kinds {
		direct, proxied := talk(t, s.direct, k.parts, k.half, k.count), talk(t, s.proxied, k.parts, k.half, k.count)
		if name == "body cut" { // the process gets no request, and closes
			if strings.Contains(proxied, "200 OK") || !strings.HasPrefix(direct, "no answer") {
				t.Errorf("%s\ndirect:  %s\nproxied: %s", name, direct, proxied)
			}
			continue
		}
		if direct != proxied || strings.HasPrefix(direct, "no answer") {
			t.Errorf("%s\ndirect:  %.1000s\nproxied: %.1000s", name, direct, proxied)
		}
	}
	t.Logf("%d kinds compared", len(kinds))
}

// A prefix is taken off, however it is written, and the rest stays as it came.
func TestAPrefixIsTakenOffAnAddressThatGoCannotParse(t *testing.T) {
	t.Parallel()
	s, _ := newPlain(t, "/api")
	for in, want := range map[string]string{"/api/100%": "/100%", "/%61pi/a%zz?%": "/a%zz?%", "/ap%69/%2f%": "/%2f%", "/api/%%": "/%%"} {
		if got := talk(t, s.proxied, []string{"GET " + in + " HTTP/1.1\r\nHost: x\r\n\r\n"}, false, 1); !strings.Contains(got, `"GET `+want+" HTTP") {
			t.Errorf("%s: want %s in %s", in, want, got)
		}
	}
}

// After a body without a length the server may hold the begin of the next request:
// nothing of the rest is changed then.
func TestNothingIsChangedWhereTheBeginOfARequestIsNotKnown(t *testing.T) {
	t.Parallel()
	s, _ := newPlain(t, "/")
	c, err := net.Dial("tcp", s.proxied)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // of TCP: it cannot fail
	in := bufio.NewReader(c)
	for i, part := range []string{"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nX-A: ", "b /% c\r\n\r\n"} {
		_, _ = io.WriteString(c, part) // the answer is read
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(t, res, nil); !strings.Contains(got, "200 OK") || i == 1 && !strings.Contains(got, `"x-a: b /% c"`) {
			t.Error(got)
		}
	}
}

// The header of an answer, and what is there of its body, arrive before the rest.
func TestAnAnswerDoesNotWaitForItsEnd(t *testing.T) {
	t.Parallel()
	s, p := newPlain(t, "/")
	for _, address := range []string{s.direct, s.proxied} {
		for path, want := range map[string]string{"late": "", "part": "h"} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // of TCP: it cannot fail
			_, _ = io.WriteString(c, "GET /"+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			got := make([]byte, len(want))
			if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
				t.Errorf("%s: %q %v", path, got, err)
			}
			p.release <- struct{}{}
			_ = res.Body.Close() // of a test
		}
	}
}

// A connection to the process whose side was closed for one client takes no request of
// another, with a body or without.
func TestAFinishedConnectionTakesNoRequest(t *testing.T) {
	t.Parallel()
	s, p := newPlain(t, "/")
	defer close(p.release)
	for _, next := range []string{"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"} {
		for range 5 {
			if got := talk(t, s.proxied, []string{"GET /after-end-keep-open HTTP/1.1\r\nHost: x\r\n\r\n"}, true, 1); !strings.Contains(got, "200 OK") {
				t.Fatal(got)
			}
			if got, want := talk(t, s.proxied, []string{next}, false, 1), talk(t, s.direct, []string{next}, false, 1); got != want {
				t.Fatalf("%s\nwant %s", got, want)
			}
		}
	}
}

// A client that closes its side does not end its request; one that is gone does.
func TestAClientThatIsGoneEndsItsRequest(t *testing.T) {
	t.Parallel()
	began, finished, gone := make(chan context.Context, 1), make(chan struct{}), make(chan struct{})
	address := front(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		connOf(r).onEnd(func() { close(finished) })
		began <- r.Context()
		<-r.Context().Done()
		close(gone)
	}))
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	tcp := c.(*net.TCPConn)
	ctx := <-began
	_ = tcp.CloseWrite()
	wait(t, finished, "the end of the client's side was not seen")
	if ctx.Err() != nil {
		t.Error("the request ended with the client's side")
	}
	_ = tcp.SetLinger(0) // Close resets the connection
	_ = tcp.Close()
	wait(t, gone, "the request of a client that is gone goes on")
}

// A process learns that its client has closed the connection, as without the proxy.
func TestAProcessLearnsThatItsClientIsGone(t *testing.T) {
	t.Parallel()
	for _, reset := range []bool{false, true} {
		began, gone := make(chan struct{}, 2), make(chan struct{}, 2)
		s := newSides(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server watches from the end of the body
			began <- struct{}{}
			<-r.Context().Done()
			gone <- struct{}{}
		}), "/", false)
		for _, address := range []string{s.direct, s.proxied} {
			for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"} {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(c, request)
				wait(t, began, "no request")
				if reset {
					_ = c.(*net.TCPConn).SetLinger(0)
				}
				_ = c.Close()
				wait(t, gone, "the process does not learn that the client is gone")
			}
		}
	}
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal(what)
	}
}

// However a head is cut into pieces, only the address changes, and it is known how.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"GET /100% HTTP/1.1\r\nHost: x\r\n\r\nGET /% HTTP/1.1\r\n", "\r\nGET /%%4%41?%z HTTP/1.1\n\n", "GET http://x/% HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /%4", " /% ", " \n0"} {
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, size uint8) {
		var whole, pieces line
		want, used := whole.pass(nil, []byte(s))
		var got []byte
		for rest := []byte(s); len(rest) > 0 && !pieces.done; {
			piece := rest[:min(len(rest), int(size)+1)]
			var n int
			got, n = pieces.pass(got, piece)
			rest = rest[n:]
		}
		if string(got) != string(want) || string(pieces.raw) != string(whole.raw) || string(pieces.made) != string(whole.made) {
			t.Fatalf("%q and %q", got, want)
		}
		method, rest, _ := strings.Cut(string(want), " ")
		rest, ok := strings.CutPrefix(rest, string(whole.made))
		if back := method + " " + string(whole.raw) + rest; len(whole.made) > 0 && len(whole.escape) == 0 && (!ok || back != s[:used]) {
			t.Fatalf("%q becomes %q, back %q", s, want, back)
		}
	})
}

// An answer without a body is not sent before its end, which would give it a body over HTTP/2.
func TestAnAnswerWithoutABodyIsSentAtOnce(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		method, header string
		flushed        bool
	}{
		"empty": {"GET", "200 OK\r\nContent-Length: 0", false}, "204": {"GET", "204 No Content", false}, "304": {"GET", "304 Not Modified", false},
		"head": {"HEAD", "200 OK\r\nContent-Length: 9", false}, "a body": {"GET", "200 OK\r\nContent-Length: 1", true},
	} {
		l := listen(t)
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			_, _, _ = head(bufio.NewReader(c)) // of the test
			_, _ = io.WriteString(c, "HTTP/1.1 "+want.header+"\r\n\r\n")
			if want.flushed {
				_, _ = io.WriteString(c, "x")
			}
		}()
		back := NewBackend("/", false, slog.New(slog.DiscardHandler))
		back.Point(l.Addr().(*net.TCPAddr).Port)
		w := httptest.NewRecorder()
		back.proxy.FlushInterval = -1 // after every write
		back.proxy.ModifyResponse = then(back.proxy.ModifyResponse, func(r *http.Response) {
			v, _ := r.Request.Context().Value(answerKey{}).(*verbatim)
			_ = v.FlushError() // of a recorder
		})
		back.ServeHTTP(w, httptest.NewRequest(want.method, "/", nil))
		back.Close()
		if w.Flushed != want.flushed {
			t.Errorf("%s: sent before its end: %t", name, w.Flushed)
		}
	}
}

func then(first func(*http.Response) error, next func(*http.Response)) func(*http.Response) error {
	return func(r *http.Response) error {
		if err := first(r); err != nil {
			return err
		}
		next(r)
		return nil
	}
}
