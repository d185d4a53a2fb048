// Package load sends thousands of requests a second through the proxies
// while releases come and go, and judges every answer.
package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// load is clients on the places of an environment.
type load struct {
	client *http.Client
	count  atomic.Int64
	mu     sync.Mutex
	ended  map[string]time.Time // when a release was stopped
	failed []string
	group  sync.WaitGroup
}

func (l *load) fail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failed) < 20 {
		l.failed = append(l.failed, fmt.Sprintf(format, args...))
	}
}

func (l *load) get(url string) string {
	began := time.Now()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		l.fail("%v", err)
		return ""
	}
	res, err := l.client.Do(req)
	if err != nil {
		l.fail("%v", err)
		return ""
	}
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // read to its end
	l.count.Add(1)
	release := res.Header.Get("Falkirk-Release")
	if err != nil || res.StatusCode != http.StatusOK {
		l.fail("GET %s: %s of %q: %v", url, res.Status, release, err)
		return ""
	}
	l.mu.Lock()
	end, over := l.ended[release]
	l.mu.Unlock()
	if over && began.After(end) {
		l.fail("GET %s: answered by %s, which was stopped %s before", url, release, began.Sub(end))
	}
	return string(raw)
}

// visitor reads a page and what it names, and goes on with the page that it
// had read before: an open tab of a release that may have been replaced.
func (l *load) visitor(ctx context.Context, url string) {
	tab := ""
	for ctx.Err() == nil {
		page := l.get(url + "/")
		for _, text := range []string{page, tab} {
			if m := harness.Asset.FindStringSubmatch(text); m != nil {
				if script := l.get(url + "/" + m[1]); !strings.Contains(text, strings.TrimPrefix(script, "release ")) {
					l.fail("the page %q names %s, which is %q", text, m[1], script)
				}
			}
		}
		tab = page
		l.get(url + "/api/")
	}
}

func TestNoRequestFailsWhileReleasesComeAndGo(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	r.Pack(t, "1", "2")
	r.Must(t, "train", "1", "--to", "prd")
	l := &load{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second},
		ended:  map[string]time.Time{},
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := time.Now()
	for _, url := range r.URLs(t, "prd") {
		for range 8 {
			l.group.Go(func() { l.visitor(ctx, url) })
		}
	}
	r.Must(t, "train", "2", "--to", "prd")
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		r.Must(t, "rollback", "prd", "--to", "1")
		r.Must(t, "promote", "2", "--to", "prd")
		r.Must(t, "provision", "2", "--to", "prd")
	}
	r.Must(t, "rollback", "prd", "--to", "1")
	r.Must(t, "prune", "prd")
	l.mu.Lock()
	l.ended["2"] = time.Now()
	l.mu.Unlock()
	settle := l.count.Load() + 2000 // go on for a while after the prune
	for deadline := time.Now().Add(20 * time.Second); l.count.Load() < settle && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // wait for the fact; the deadline ends it
	}
	stop()
	l.group.Wait()
	t.Logf("%d requests, %.0f a second", l.count.Load(), float64(l.count.Load())/time.Since(began).Seconds())
	for _, f := range l.failed {
		t.Error(f)
	}
	if l.count.Load() < 5000 {
		t.Errorf("only %d requests", l.count.Load())
	}
}
