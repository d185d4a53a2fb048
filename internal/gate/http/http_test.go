package httpgate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func question(t *testing.T, settings map[string]any) delivery.Question {
	t.Helper()
	if _, ok := settings["every"]; !ok {
		settings["every"] = "1ms"
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Question{
		Gate: "smoke", Settings: raw, When: delivery.Before(delivery.Promote),
		Place: delivery.Place{Environment: "prd", Region: "eu-1"},
	}
}

func ask(t *testing.T, q delivery.Question) delivery.Verdict {
	t.Helper()
	v, err := New(nil).Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(v.Reason, "\n\r") || v.Reason == "" {
		t.Errorf("the reason is no line: %q", v.Reason)
	}
	return v
}

func wantVerdict(t *testing.T, v delivery.Verdict, answer delivery.Answer, parts ...string) {
	t.Helper()
	if v.Answer != answer {
		t.Errorf("the gate is %s (%s), want %s", v.Answer, v.Reason, answer)
	}
	for _, part := range parts {
		if !strings.Contains(v.Reason, part) {
			t.Errorf("the reason does not say %q: %s", part, v.Reason)
		}
	}
}

func TestStatusDecides(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var code int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &code)
		if code/100 == 3 {
			w.Header().Set("Location", "/200")
		}
		w.WriteHeader(code)
	})
	for _, c := range []struct {
		code   int
		status []int
		follow bool
		want   delivery.Answer
		parts  []string
	}{
		{200, nil, false, delivery.Open, []string{"GET " + base + "/200", "answered 200"}},
		{204, nil, false, delivery.Open, nil},
		{299, nil, false, delivery.Open, nil},
		{302, nil, false, delivery.Shut, []string{"answered 302 to " + base + "/200", "expected 200 to 299"}},
		{302, nil, true, delivery.Open, nil},
		{302, []int{301, 302}, false, delivery.Open, nil},
		{500, nil, false, delivery.Shut, []string{base + "/500", "answered 500", "(3 times)"}},
		{200, []int{404, 410}, false, delivery.Shut, []string{"answered 200", "expected 404 or 410"}},
		{404, []int{404, 410}, false, delivery.Open, nil},
	} {
		q := question(t, map[string]any{"url": fmt.Sprintf("%s/%d", base, c.code), "status": c.status, "follow": c.follow, "retries": 2})
		wantVerdict(t, ask(t, q), c.want, c.parts...)
	}
}

func TestBodyDecides(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			_, _ = w.Write(make([]byte, maxBody))
		}
		_, _ = io.WriteString(w, `{"release": "v2"}`)
	})
	for path, c := range map[string]struct {
		match string
		want  delivery.Answer
	}{
		"/":     {`"release":\s*"v2"`, delivery.Open},
		"/x":    {`"release":\s*"v3"`, delivery.Shut},
		"/late": {"v2", delivery.Shut}, // past the first MiB
	} {
		q := question(t, map[string]any{"url": base + path, "match": c.match, "retries": 0})
		wantVerdict(t, ask(t, q), c.want)
	}
	q := question(t, map[string]any{"url": base, "match": "v3", "retries": 0})
	wantVerdict(t, ask(t, q), delivery.Shut, "does not match", `"v3"`, base)
}

func TestRetriesAndTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answers  string // + right, - wrong; the last goes on
		retries  any
		times    int
		want     delivery.Answer
		requests int
	}{
		{"+", nil, 0, delivery.Open, 1},
		{"---+", nil, 0, delivery.Open, 4},
		{"----+", nil, 0, delivery.Shut, 4},
		{"-+", 0, 0, delivery.Shut, 1},
		{"+", nil, 3, delivery.Open, 3},
		{"++-++-+++", nil, 3, delivery.Open, 9},
		{"++-++-++-++-+++", nil, 3, delivery.Shut, 12},
	} {
		var n atomic.Int64
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if i := min(int(n.Add(1)), len(c.answers)) - 1; c.answers[i] == '-' {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		settings := map[string]any{"url": base, "times": c.times}
		if c.retries != nil {
			settings["retries"] = c.retries
		}
		wantVerdict(t, ask(t, question(t, settings)), c.want)
		if got := int(n.Load()); got != c.requests {
			t.Errorf("%s: %d requests, want %d", c.answers, got, c.requests)
		}
	}
}

func TestAComponentIsAskedAtItsEndpoint(t *testing.T) {
	t.Parallel()
	type request struct{ Method, URL, Host, Candidate, Mine, Body string }
	got := make(chan request, 1)
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Method, r.URL.String(), r.Host, r.Header.Get("X-Falkirk-Release"), r.Header.Get("X-Mine"), string(body)}
	})
	q := question(t, map[string]any{
		"path": "/api/health?deep=1", "component": "api", "method": "POST", "body": "ping",
		"headers": map[string]string{"x-mine": "yes", "Host": "example.test", "x-falkirk-release": "wrong"},
	})
	q.Serving = map[string]delivery.Endpoint{"api": {URL: base + "/base/", Header: map[string]string{"X-Falkirk-Release": "v2"}}}
	wantVerdict(t, ask(t, q), delivery.Open, "POST "+base+"/base/api/health?")
	want := request{"POST", "/base/api/health?deep=1", "example.test", "v2", "yes", "ping"}
	if d := cmp.Diff(want, <-got); d != "" {
		t.Error(d)
	}
	q.Serving = nil
	wantVerdict(t, ask(t, q), delivery.Shut, "api", "/api/health", "before promote", "prd/eu-1")
}

func TestNoAnswerIsClosed(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	q := question(t, map[string]any{"url": s.URL + "/x?token=s3cret", "retries": 1})
	v := ask(t, q)
	wantVerdict(t, v, delivery.Shut, s.URL+"/x", "did not answer", "refuses the connection", "(2 times)")
	if strings.Contains(v.Reason, "s3cret") {
		t.Errorf("the reason tells a secret: %s", v.Reason)
	}
	stuck := make(chan struct{})
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(stuck) })
	q = question(t, map[string]any{"url": slow, "retries": 0, "timeout": "50ms"})
	wantVerdict(t, ask(t, q), delivery.Shut, slow, "no answer within 50ms")
}

func TestLatencyDecides(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		if r.URL.Path == "/slow" {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	})
	q := question(t, map[string]any{"url": base + "/slow", "retries": 0, "latency": "20ms"})
	wantVerdict(t, ask(t, q), delivery.Shut, base, "expected at most 20ms")
	q = question(t, map[string]any{"url": base, "retries": 0, "latency": "8s"})
	wantVerdict(t, ask(t, q), delivery.Open)
}

func TestCancelIsNoVerdict(t *testing.T) {
	t.Parallel()
	retries := map[string]int{"1h": 3} // none during the request: its failure would close the gate
	for what, every := range map[string]string{"during a request": "1ms", "between two": "1h"} {
		ctx, cancel := context.WithCancel(t.Context())
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			if every == "1ms" {
				cancel()
				<-r.Context().Done()
				return
			}
			time.AfterFunc(20*time.Millisecond, cancel)
		})
		v, err := New(nil).Ask(ctx, question(t, map[string]any{"url": base, "every": every, "retries": retries[every]}))
		if !fault.Is(err, fault.Interrupted) || v.Answer != "" {
			t.Errorf("%s: %v, %v", what, v, err)
		}
		cancel()
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	minus := -1
	for _, c := range []struct {
		s    Settings
		want []string // paths
	}{
		{Settings{URL: "https://example.com/x"}, nil},
		{Settings{Path: "/x", Component: "api", Method: "HEAD"}, nil},
		{Settings{}, []string{""}},
		{Settings{URL: "https://example.com", Path: "/x"}, []string{"url"}},
		{Settings{URL: "https://example.com", Component: "x"}, []string{"url"}},
		{Settings{URL: "example.com/x"}, []string{"url"}},
		{Settings{URL: "ftp://example.com/x"}, []string{"url"}},
		{Settings{URL: "http://%zz"}, []string{"url"}},
		{Settings{Path: "x"}, []string{"path", "path"}},
		{Settings{Path: "//evil/x", Component: "a"}, []string{"path"}},
		{Settings{URL: "http://a", Method: "DELETE", Body: "x"}, []string{"method", "body"}},
		{Settings{URL: "http://a", Status: []int{200, 99, 600}}, []string{"status.1", "status.2"}},
		{Settings{URL: "http://a", Match: "("}, []string{"match"}},
		{Settings{URL: "http://a", Method: "HEAD", Match: "x"}, []string{"match"}},
		{Settings{URL: "http://a", Headers: map[string]string{"a b": "x", "ok": "a\nb"}}, []string{"headers.a b", "headers.ok"}},
		{Settings{URL: "http://a", Retries: &minus, Times: -1, Timeout: -1}, []string{"timeout", "retries", "times"}},
	} {
		var got []string
		for _, p := range c.s.Check() {
			got = append(got, strings.Join(p.Path, "."))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v: %s", c.s, d)
		}
	}
}

// The headers of the settings may be secrets: a redirect to another host, also
// another port, does not get them; the same host does.
func TestHeadersStayWithTheirHost(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	note := func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("X-Api-Key") + r.Header.Get("Referer")
	}
	other := serve(t, note)
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other+"/", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/there", http.StatusFound)
		default:
			note(w, r)
		}
	})
	for path, want := range map[string]string{"/away?token=secret": "", "/here?token=secret": "secret"} {
		ask(t, question(t, map[string]any{"url": first + path, "headers": map[string]string{"X-Api-Key": "secret"}, "follow": true}))
		if got := <-seen; got != want {
			t.Errorf("%s: it got %q, and should get %q", path, got, want)
		}
	}
}

// The body stays with the host of the address: a redirect that would send it
// elsewhere closes the gate, one on the same host is followed with it, and one
// that makes the request a GET goes on without it.
func TestTheBodyStaysWithItsHost(t *testing.T) {
	t.Parallel()
	var got sync.Map // "host status" → body
	note := func(host string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // what came is what counts
			got.Store(host+r.URL.Path, string(body))
		})
	}
	other := httptest.NewServer(note("other"))
	t.Cleanup(other.Close)
	mux := http.NewServeMux()
	mux.Handle("/end/", note("own"))
	mux.HandleFunc("/other/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		http.Redirect(w, r, other.URL+"/end/"+r.PathValue("code"), code)
	})
	mux.HandleFunc("/own/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		http.Redirect(w, r, "/end/"+r.PathValue("code"), code)
	})
	mux.HandleFunc("/twice/{code}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/other/"+r.PathValue("code"), http.StatusTemporaryRedirect)
	})
	own := httptest.NewServer(mux)
	t.Cleanup(own.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"own", "other", "twice"} {
			keeps := code >= 307
			got.Clear()
			v := ask(t, question(t, map[string]any{
				"url": fmt.Sprintf("%s/%s/%d", own.URL, to, code), "method": "POST", "body": "token=secret", "follow": true, "retries": 0,
			}))
			refused := keeps && to != "own"
			if (v.Answer == delivery.Shut) != refused || refused && !strings.Contains(v.Reason, "the body is not sent") {
				t.Errorf("%d to %s: %+v", code, to, v)
			}
			if body, came := got.Load(fmt.Sprint("other/end/", code)); came && (body != "" || refused) {
				t.Errorf("%d to %s: another host got %q", code, to, body)
			}
			if body, _ := got.Load(fmt.Sprint("own/end/", code)); to == "own" && keeps && body != "token=secret" {
				t.Errorf("%d on the same host: it got %q", code, body)
			}
		}
	}
}

// An answer that breaks off is no answer, whatever is looked for in it.
func TestAnAnswerThatIsCutOffIsClosed(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]http.HandlerFunc{
		"shorter than it says": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") },
		"in a chunk":           func(w http.ResponseWriter, _ *http.Request) { _ = http.NewResponseController(w).Flush() },
		"without a word":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			cut(w, r)
			_, _ = io.WriteString(w, "ok")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		for _, settings := range []map[string]any{{}, {"match": "ok"}, {"latency": "1m"}, {"status": []int{200}}} {
			settings["url"], settings["retries"] = base, 0
			v := ask(t, question(t, settings))
			if wantVerdict(t, v, delivery.Shut); t.Failed() {
				t.Fatalf("%s: %v", name, settings)
			}
		}
	}
}
