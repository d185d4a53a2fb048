package faults

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// The shares are kept, a lost answer is done, and a strike comes once.
func TestProxy(t *testing.T) {
	t.Parallel()
	var done atomic.Int64
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { done.Add(1); _, _ = w.Write([]byte("ok")) }))
	t.Cleanup(behind.Close)
	get := func(p *Proxy) int {
		res, err := http.Post(p.URL+"/b/k?delete", "application/xml", strings.NewReader("x"))
		if err != nil {
			return 0
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	p := New(t, behind.URL, Rules{Seed: 1, Throttle: 0.25, Lost: 0.25})
	seen := map[int]int{}
	for range 400 {
		seen[get(p)]++
	}
	if seen[503] < 60 || seen[503] > 140 || seen[0] < 60 || seen[0] > 140 || seen[200]+seen[0] != int(done.Load()) {
		t.Errorf("answers %v, and the service did %d", seen, done.Load())
	}
	counts, total := p.Counts()
	if counts["DeleteObjects"] != 400 || total != 400 {
		t.Errorf("counted %v, %d", counts, total)
	}
	p.Calm(Rules{})
	var struck int
	p.Strike(3, func() { struck++ })
	for range 10 {
		if get(p) != 200 {
			t.Error("calm, it fails")
		}
	}
	if struck != 1 {
		t.Errorf("it struck %d times", struck)
	}
}
