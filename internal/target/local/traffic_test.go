//go:build linux

package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

// load asks again and again over kept connections, and counts.
type load struct {
	served, failed, cut atomic.Int64
	stopped             sync.Map // version → true: nothing may come from it any more
	wrong               atomic.Pointer[string]
}

// watched notes that the other side closed the connection.
type watched struct {
	net.Conn
	cut *atomic.Int64
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		w.cut.Add(1)
	}
	return n, err
}

func (l *load) run(ctx context.Context, url string, method string, clients int) *sync.WaitGroup {
	var group sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DialContext: func(ctx context.Context, n, a string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, n, a)
		return watched{conn, &l.cut}, err
	}}
	client := &http.Client{Transport: transport}
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				l.one(client, method, url)
			}
		})
	}
	group.Go(func() { <-ctx.Done(); transport.CloseIdleConnections() })
	return &group
}

func (l *load) one(client *http.Client, method, url string) {
	// A version that was stopped before the request began must not answer it.
	gone := map[any]bool{}
	l.stopped.Range(func(v, _ any) bool { gone[v] = true; return true })
	req, _ := http.NewRequest(method, url, nil)
	if method == http.MethodPost {
		req, _ = http.NewRequest(method, url, strings.NewReader("body"))
	}
	res, err := client.Do(req)
	if err != nil {
		l.fail(err.Error())
		return
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	version := res.Header.Get("Falkirk-Release")
	switch {
	case err != nil:
		l.fail(err.Error())
	case res.StatusCode != 200 || !strings.HasPrefix(string(body), version):
		l.fail(fmt.Sprintf("%d from %s: %s", res.StatusCode, version, body))
	case gone[version]:
		l.fail("an answer from " + version + " after it was stopped")
	default:
		l.served.Add(1)
	}
}

func (l *load) fail(why string) {
	l.failed.Add(1)
	l.wrong.CompareAndSwap(nil, &why)
}

func TestSwitchingLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := local.Settings{Path: "/api"}
	w.live(w.api("v0", set))
	site := w.site("v0", local.Settings{}, map[string]string{"index.html": "v0"})
	w.live(site)
	e := w.observe(site).Endpoint
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var get, post, page load
	groups := []*sync.WaitGroup{
		get.run(ctx, e.URL+"api/x", http.MethodGet, 8), post.run(ctx, e.URL+"api/x", http.MethodPost, 4), page.run(ctx, e.URL, http.MethodGet, 4),
	}
	const rounds = 6
	for i := 1; i <= rounds; i++ {
		before, next := fmt.Sprintf("v%d", i-1), fmt.Sprintf("v%d", i)
		api, site := w.api(next, set), w.site(next, local.Settings{}, map[string]string{"index.html": next})
		w.live(api)
		w.live(site)
		w.must(delivery.Promote, w.api(before, set)) // rolled back, and forward again
		w.must(delivery.Promote, api)
		w.prune(api, before)
		w.prune(site, before)
		for _, l := range []*load{&get, &post, &page} {
			l.stopped.Store(before, true)
		}
	}
	stop()
	for i, l := range []*load{&get, &post, &page} {
		groups[i].Wait()
		t.Logf("%d requests", l.served.Load())
		if l.failed.Load() > 0 || l.served.Load() == 0 {
			t.Errorf("%d of %d failed, first: %s", l.failed.Load(), l.served.Load(), *l.wrong.Load())
		}
		if l.cut.Load() > 0 {
			t.Errorf("%d connections were closed by the proxy", l.cut.Load())
		}
	}
}

// dialWS opens an upgraded connection.
func dialWS(t *testing.T, e delivery.Endpoint) (net.Conn, *bufio.Reader) {
	t.Helper()
	u, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", u.Host)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != 101 || res.Header.Get("Falkirk-Release") != "v1" {
		t.Fatalf("upgrade: %v %v", res, err)
	}
	return conn, r
}

func say(t *testing.T, conn net.Conn, r *bufio.Reader, word string) string {
	t.Helper()
	fmt.Fprintln(conn, word)
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestLongConnectionsOutliveTheSwitch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	drain := delivery.Duration(1500 * time.Millisecond)
	set := local.Settings{Drain: drain}
	v1, v2 := w.api("v1", set), w.api("v2", set)
	w.live(v1)
	e := w.observe(v1).Endpoint
	conn, words := dialWS(t, e)
	if got := say(t, conn, words, "hello"); got != "v1 hello" {
		t.Errorf("before: %q", got)
	}
	res, err := http.Get(e.URL + "stream")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewReader(res.Body)
	w.live(v2)
	if got := say(t, conn, words, "still"); got != "v1 still" {
		t.Errorf("after the switch: %q", got)
	}
	if _, err := events.ReadString('\n'); err != nil {
		t.Errorf("stream after the switch: %v", err)
	}
	began := time.Now()
	w.prune(v2, "v1")
	if took := time.Since(began); took < drain.Std() {
		t.Errorf("cut after %s, before the drain time", took)
	}
	if _, err := io.Copy(io.Discard, events); err == nil {
		t.Error("the stream ended as if it were whole")
	}
	if _, err := words.ReadString('\n'); err == nil {
		t.Error("the connection was not cut")
	}
}

func TestDrainEndsWithTheLastRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	drain := delivery.Duration(time.Minute)
	set := local.Settings{Drain: drain}
	v1, v2 := w.api("v1", set), w.api("v2", set)
	w.live(v1)
	conn, words := dialWS(t, w.observe(v1).Endpoint)
	w.live(v2)
	v2.Remove = []string{"v1"}
	pruned := make(chan error, 1)
	go func() { pruned <- w.phase(delivery.Prune, v2) }()
	eventually(t, "v1 leaves", func() bool {
		list, err := w.target.List(t.Context(), "shop", delivery.Scope{})
		return err == nil && len(list) == 2 && list[0].InFlight == 1
	})
	if got := say(t, conn, words, "last"); got != "v1 last" {
		t.Errorf("while draining: %q", got)
	}
	conn.Close()
	select {
	case err := <-pruned:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("prune waits although nothing is in flight")
	}
}

func BenchmarkProxy(b *testing.B) {
	w := newWorld(b)
	w.live(w.api("v1", local.Settings{Path: "/api"}))
	site := w.site("v1", local.Settings{}, map[string]string{"index.html": "v1"})
	w.live(site)
	e := w.observe(site).Endpoint
	for name, url := range map[string]string{"image": e.URL + "api/x", "site": e.URL} {
		b.Run(name, func(b *testing.B) {
			var l load
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.one(client, http.MethodGet, url)
				}
			})
			if l.failed.Load() > 0 {
				b.Error(*l.wrong.Load())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}
