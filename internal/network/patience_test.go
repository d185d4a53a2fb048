package network_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// A server that does not answer, stops or drips is given up, with a next step. One
// that keeps a connection alive with a few bytes is not, where that is its way.
func TestARequestThatDoesNotGoOnIsGivenUp(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	drip := func(w http.ResponseWriter, r *http.Request, n int) {
		for range n {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-end:
				return
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/mute":
			select {
			case <-end:
			case <-r.Context().Done():
			}
		case "/stop":
			w.Header().Set("Content-Length", "100000")
			drip(w, r, 1)
			select {
			case <-end:
			case <-r.Context().Done():
			}
		case "/drip":
			drip(w, r, 1000)
		case "/alive":
			drip(w, r, 30)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(end) })
	c := network.NewClient(network.NewTransport(nil), network.Limits{Idle: 200 * time.Millisecond, Whole: 400 * time.Millisecond})
	for path, text := range map[string]string{"/mute": "no answer came from", "/stop": "brings less than", "/drip": "brings less than", "/alive": ""} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if path == "/alive" {
			ctx = network.KeptAlive(ctx)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		cancel()
		if text == "" {
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		told := network.Explain(err)
		if !network.IsStalled(err) || !fault.Is(told, fault.Unavailable) || !strings.Contains(told.Error(), text) || fault.HintOf(told) == "" {
			t.Errorf("%s: %v", path, told)
		}
	}
}
