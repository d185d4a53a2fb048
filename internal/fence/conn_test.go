package fence_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/fence"
)

// A body that is sent in pieces is cut where the fence closes, over plain HTTP
// and over TLS, and the server never gets the whole request.
func TestARequestEndsWhereTheFenceCloses(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		var whole, begun atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			begun.Add(1)
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				whole.Add(1)
			}
		}))
		if secure {
			server.EnableHTTP2 = true
			server.StartTLS()
		} else {
			server.Start()
		}
		defer server.Close()
		transport := server.Client().Transport.(*http.Transport)
		client := &http.Client{Transport: fence.Transport(transport)}

		var now atomic.Int64
		f := fence.New(func() time.Duration { return time.Duration(now.Load()) }, 10, "promote 2")
		send := func(body io.Reader) error {
			req, err := http.NewRequestWithContext(fence.With(t.Context(), f), http.MethodPut, server.URL, body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			return res.Body.Close()
		}
		if err := send(bytes.NewReader(make([]byte, 1<<20))); err != nil {
			t.Fatal(err)
		}
		half := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), readFunc(func([]byte) (int, error) {
			now.Store(10)
			return 0, nil
		}), bytes.NewReader(make([]byte, 1<<20)))
		if err := send(half); !errors.Is(err, fence.ErrLost) {
			t.Errorf("a request beyond the deadline says %v", err)
		}
		if err := send(nil); !errors.Is(err, fence.ErrLost) {
			t.Errorf("a later request says %v", err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req) // nothing is held: the same client is free
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if whole.Load() != 2 {
			t.Errorf("TLS %v: the server got %d whole requests of %d, want the first and the last", secure, whole.Load(), begun.Load())
		}
	}
}

// readFunc reads once, then ends.
type readFunc func([]byte) (int, error)

func (r readFunc) Read(p []byte) (int, error) {
	if n, err := r(p); n > 0 || err != nil {
		return n, err
	}
	return 0, io.EOF
}

// A connection that carried a request of a former holder carries one without a
// fence afterwards.
func TestAConnectionIsFreeForTheNextRequest(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	client := &http.Client{Transport: fence.Transport(&http.Transport{})}
	var now atomic.Int64
	f := fence.New(func() time.Duration { return time.Duration(now.Load()) }, 10, "promote 2")
	for _, held := range []bool{true, false} {
		ctx := t.Context()
		if held {
			ctx = fence.With(ctx, f)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatalf("held %v: %v", held, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		now.Store(10)
	}
}

// A transport that has spoken HTTP/2 before, or is the clone of one that has,
// speaks HTTP/1.1 once its connections are checked.
func TestATransportThatWasUsedSpeaksHTTP1(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	said := func(rt http.RoundTripper) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		proto, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(proto)
	}
	used := server.Client().Transport.(*http.Transport)
	if got := said(used); got != "HTTP/2.0" {
		t.Fatalf("the test needs a transport that speaks HTTP/2, and it speaks %s", got)
	}
	clone := used.Clone()
	for what, rt := range map[string]http.RoundTripper{"a clone": fence.Transport(clone), "a clone of it": fence.Transport(clone.Clone())} {
		if got := said(rt); got != "HTTP/1.1" {
			t.Errorf("%s speaks %s", what, got)
		}
	}
}
