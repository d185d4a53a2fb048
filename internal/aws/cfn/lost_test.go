package cfn

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"falkirk/test/chaos/faults"
	"falkirk/test/emulators"
)

// A lost answer to the order to execute a change set is asked for again by the
// SDK, and refused then, as it is under way or over.
func TestLostAnswerToExecute(t *testing.T) {
	t.Parallel()
	server := emulators.Ministack(t, "111111111111")
	to, err := url.Parse(server.URL)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	var lost atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if faults.Operation(r, body) == "ExecuteChangeSet" && lost.Add(1) == 1 {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	behind := *server
	behind.URL = front.URL
	s, _, err := up(t, near(&behind), "lost", "one", Request{Template: good})
	must(t, err)
	if s.Status != "CREATE_COMPLETE" || lost.Load() != 2 {
		t.Errorf("%s after %d orders", s.Status, lost.Load())
	}
}
