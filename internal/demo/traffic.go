package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// traffic is clients that read the page, what the page names, and the service,
// over and over, and judge every answer.
type traffic struct {
	client  *http.Client
	served  atomic.Int64
	failed  atomic.Int64
	mu      sync.Mutex
	may     map[string]time.Time // releases that may answer; a time is when one was stopped
	reasons []string             // of the first failures
	running sync.WaitGroup
	stop    context.CancelFunc
}

// pause is between two rounds of one client: a steady load and no stress.
const pause = 12 * time.Millisecond

func newTraffic() *traffic {
	return &traffic{
		client: &http.Client{
			Timeout:   10 * time.Second,
			Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		},
		may: map[string]time.Time{},
	}
}

// start sends clients to each address of a place until end.
func (t *traffic) start(ctx context.Context, places []string, clients int) {
	ctx, t.stop = context.WithCancel(ctx)
	for _, url := range places {
		for range clients {
			t.running.Go(func() { t.run(ctx, url) })
		}
	}
}

// end stops the clients and waits for them.
func (t *traffic) end() {
	if t.stop != nil {
		t.stop()
	}
	t.running.Wait()
	t.client.CloseIdleConnections()
}

func (t *traffic) run(ctx context.Context, url string) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		t.round(ctx, strings.TrimSuffix(url, "/"))
	}
}

var asset = regexp.MustCompile(`(?:href|src)="(assets/[^"]+)"`)

// round is what a browser does: the page, its assets, the service. It is
// finished once begun, so that no request is cut by the end of the demo.
func (t *traffic) round(ctx context.Context, url string) {
	ctx = context.WithoutCancel(ctx)
	page := t.get(ctx, url+"/")
	for _, m := range asset.FindAllStringSubmatch(page, -1) {
		t.get(ctx, url+"/"+m[1])
	}
	t.get(ctx, url+"/api/hello")
}

// get makes one request and judges the answer.
func (t *traffic) get(ctx context.Context, url string) string {
	began := time.Now()
	body, release, err := t.ask(ctx, url)
	if err == nil {
		err = t.allowed(release, began)
	}
	if err != nil {
		t.failed.Add(1)
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.reasons) < 5 {
			t.reasons = append(t.reasons, fmt.Sprintf("%s: %v", url, err))
		}
		return ""
	}
	t.served.Add(1)
	return body
}

func (t *traffic) ask(ctx context.Context, url string) (body, release string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", "", err
	}
	res, err := t.client.Do(req)
	if err != nil {
		return "", "", err
	}
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close() // the body has been read to its end
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", res.Status)
	}
	return string(raw), res.Header.Get("Falkirk-Release"), err
}

// allow lets a release answer from now on.
func (t *traffic) allow(release string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.may[release] = time.Time{}
}

// stopped says that a release answers no more.
func (t *traffic) stopped(release string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.may[release] = time.Now()
}

func (t *traffic) allowed(release string, began time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	end, ok := t.may[release]
	if !ok || (!end.IsZero() && began.After(end)) {
		return fmt.Errorf("release %q answered, which was not to serve then", release)
	}
	return nil
}

// verdict is an error if any request failed.
func (t *traffic) verdict() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed.Load() == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests failed, the first: %s", t.failed.Load(),
		t.failed.Load()+t.served.Load(), strings.Join(slices.Compact(t.reasons), "; "))
}
