package site_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"falkirk/internal/delivery"
)

// page is a site whose pages and assets say of which release they are: every
// page names its assets, as a bundler writes them.
func paged(version, pages int) map[string]string {
	files := map[string]string{}
	links := ""
	for i := range 4 {
		name := fmt.Sprintf("assets/part%d.%08x.js", i, version)
		files[name] = text(version, "asset of")
		links += fmt.Sprintf("<script src=%q></script>", "/"+name)
	}
	for i := range pages {
		files[fmt.Sprintf("p%d/index.html", i)] = text(version, "page of") + "\n" + links
	}
	files["index.html"] = text(version, "page of") + "\n" + links
	return files
}

var (
	ofVersion = regexp.MustCompile(`of (\d+)`)
	source    = regexp.MustCompile(`src="([^"]+)"`)
)

// readers follow the root's index to its assets, again and again, and tell of
// every site that was neither whole.
type readers struct {
	t     *testing.T
	url   string
	stop  atomic.Bool
	group sync.WaitGroup
	seen  [10]atomic.Int64 // whole sites, by version
}

func (r *readers) get(path string) (string, int) {
	res, err := http.Get(r.url + "/" + bucket + path) //nolint:gosec // a loopback address of the test's own
	if err != nil {
		r.t.Error(err)
		return "", 0
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Error(err)
	}
	return string(raw), res.StatusCode
}

func (r *readers) read(page string) {
	html, status := r.get(page)
	m := ofVersion.FindStringSubmatch(html)
	if status != http.StatusOK || m == nil {
		r.t.Errorf("%s: %d %q", page, status, html)
		return
	}
	for _, src := range source.FindAllStringSubmatch(html, -1) {
		asset, status := r.get(src[1])
		if got := ofVersion.FindStringSubmatch(asset); status != http.StatusOK || got == nil || got[1] != m[1] {
			r.t.Errorf("the page is of %s, its asset %s: %d %q", m[1], src[1], status, asset)
		}
	}
	r.seen[m[1][0]-'0'].Add(1)
}

func (r *readers) start(n, pages int) {
	for range n {
		r.group.Go(func() {
			for i := 0; !r.stop.Load() && !r.t.Failed(); i++ {
				r.read("/index.html")
				r.read(fmt.Sprintf("/p%d/index.html", i%pages))
			}
		})
	}
}

// From the first byte of a promotion to the last, a reader gets a whole old or
// a whole new site.
func TestReadersGetWholeSites(t *testing.T) {
	t.Parallel()
	const pages = 20
	w := newWorld(t)
	for v := range 4 {
		w.pack(text(v, "v")[2:], paged(v, pages))
	}
	w.live("0")
	r := &readers{t: t, url: w.url}
	r.start(4, pages)
	for _, version := range []string{"1", "2", "1", "3", "0", "3"} {
		w.live(version)
		if _, status := r.get("/index.html"); status != http.StatusOK {
			t.Errorf("the root answers %d", status)
		}
		before := r.seen[version[0]-'0'].Load()
		for r.seen[version[0]-'0'].Load() < before+8 && !t.Failed() { // every reader has come by
			if _, err := w.target.Observe(t.Context(), w.placement(version)); err != nil {
				t.Error(err)
			}
		}
	}
	// A promotion that is killed in its midst leaves whole pages, too.
	w.killed(12, true, delivery.Promote, "2")
	w.live("2")
	r.stop.Store(true)
	r.group.Wait()
	for v := range 4 {
		if r.seen[v].Load() == 0 {
			t.Errorf("nobody saw release %d", v)
		}
	}
}
