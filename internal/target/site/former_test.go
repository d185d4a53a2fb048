package site_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/delivery"
	"falkirk/internal/fence"
	"falkirk/internal/target/site"
	"falkirk/test/chaos"
	"falkirk/test/s3proxy"
)

// pair is a world behind a proxy that enforces conditions, with two processes:
// the older one is paused at one of its requests, the newer one takes over.
type pair struct {
	*world
	proxy *s3proxy.Proxy
}

// endpoint gives every account the same credentials, at an address of its own.
type endpoint struct {
	w   *world
	url string
}

func (e endpoint) Config(context.Context, string, string) (aws.Config, error) {
	cfg := e.w.plain()
	cfg.BaseEndpoint = &e.url
	return cfg, nil
}

func newPair(t *testing.T, url string) *pair {
	t.Helper()
	w := worldAt(t, url)
	return &pair{world: w, proxy: s3proxy.New(t, w.plain())}
}

// as is a process of its own with an operation of its own.
func (p *pair) as(name string) (*site.Target, context.Context) {
	target := site.New(site.Options{Store: p.store(), Accounts: endpoint{p.world, p.proxy.Client(name)}})
	op := delivery.Operation{ID: "OP-" + name, Verb: delivery.VerbPromote, Actor: name}
	return target, delivery.WithOperation(p.t.Context(), op)
}

// run does a phase as one process.
func (p *pair) run(ctx context.Context, target *site.Target, phase delivery.Phase, version string, remove ...string) error {
	pl := p.placement(version)
	pl.Remove = remove
	st, err := target.Observe(ctx, pl)
	if err != nil {
		return err
	}
	for _, s := range target.Plan(phase, pl, st) {
		if _, err := target.Do(ctx, pl, s, nil); err != nil {
			return err
		}
	}
	return nil
}

// job is a phase as a test names it.
type job struct {
	phase   delivery.Phase
	version string
	remove  []string
}

// paused starts a job as the older process and holds all its requests from the
// nth on. It gives what lets them go and waits for the process; nil when it came
// to its end before.
func (p *pair) paused(nth int64, j job, fenced bool) (resume func() error) {
	p.t.Helper()
	target, ctx := p.as("older")
	hold := fence.New(nil, fence.SinceBoot()+1<<50, "promote 2")
	if fenced {
		ctx = fence.With(ctx, hold)
	}
	var count atomic.Int64
	var begun atomic.Bool // the promotion is in the pointer
	var once sync.Once
	stopped, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	p.proxy.Hook(func(q s3proxy.Request) s3proxy.Fate {
		if q.Client != "older" {
			return s3proxy.Pass
		}
		begun.Store(begun.Load() || q.Operation == "CopyObject")
		if (fenced || begun.Load()) && count.Add(1) >= nth {
			once.Do(func() { close(stopped) })
			<-goOn
		}
		return s3proxy.Pass
	})
	go func() { ended <- p.run(ctx, target, j.phase, j.version, j.remove...) }()
	select {
	case err := <-ended:
		p.must(nil, err)
		return nil
	case <-stopped:
	}
	_ = hold.Close("by the test")
	return func() error {
		close(goOn)
		err := <-ended
		p.proxy.Hook(nil)
		return err
	}
}

// The releases: about is the same in 1 and 3, old is only in 1 and 3, and new is
// only in 2; asset a is only in 1 and 4.
var editions = map[string]map[string]string{
	"1": {"index.html": "root 1", "about.html": "about", "old.html": "old", "style.css": "css", "a.11111111.js": "a", "empty.css": ""},
	"2": {"index.html": "root 2", "about.html": "about 2", "new.html": "new", "style.css": "css 2", "b.22222222.js": "b", "empty.css": ""},
	"3": {"index.html": "root 3", "about.html": "about", "old.html": "old", "style.css": "css", "c.33333333.js": "c", "empty.css": ""},
	"4": {"index.html": "root 4", "about.html": "about", "style.css": "css 4", "a.11111111.js": "a", "empty.css": ""},
}

func (p *pair) packAll() {
	for v, files := range editions {
		p.pack(v, files)
	}
}

// shows fails the test unless the site has all of a release and no page of
// another.
func (p *pair) shows(version, what string) {
	p.t.Helper()
	got := p.objects()
	for path, want := range editions[version] {
		if text, there := got[path]; !there || text != want {
			p.t.Errorf("%s: %s is %q (there: %v), want %q", what, path, text, there, want)
		}
	}
	for path := range got {
		if _, has := editions[version][path]; !has && strings.HasSuffix(path, ".html") {
			p.t.Errorf("%s: the page %s does not belong to %s", what, path, version)
		}
	}
}

// former tries a job that is paused at each of its requests, or at every fifth from
// the first on, with what a newer process does meanwhile, and gives the older one's
// requests back after that.
func former(t *testing.T, before []job, older job, first int64, newer []job, live string, fenced bool) {
	t.Helper()
	if chaos.Full() {
		first = 1
	}
	for nth := first; ; nth += int64(chaos.Count(5, 1)) {
		p := newPair(t, s3proxy.Memory(t))
		p.packAll()
		for i, j := range before {
			target, ctx := p.as(fmt.Sprint("before-", i))
			p.must(nil, p.run(ctx, target, j.phase, j.version, j.remove...))
		}
		what := fmt.Sprintf("%s %s paused at request %d, then %v", older.phase, older.version, nth, newer)
		resume := p.paused(nth, older, fenced)
		if resume == nil {
			if nth < 4 || nth == first {
				t.Errorf("%s: it ended after %d requests", what, nth)
			}
			return
		}
		for i, j := range newer {
			target, ctx := p.as(fmt.Sprint("newer-", i))
			if err := p.run(ctx, target, j.phase, j.version, j.remove...); err != nil {
				t.Errorf("%s: the newer one: %v", what, err)
			}
		}
		p.shows(live, what+", before the older one goes on")
		was := p.objects()
		_ = resume() // what it says of a step is not what counts: it cannot write that to the ledger
		now := p.objects()
		if older.phase == delivery.Provision { // a file where nothing was, to which no page refers
			maps.DeleteFunc(now, func(path, _ string) bool {
				_, there := was[path]
				return !there && path == "b.22222222.js"
			})
		}
		if !maps.Equal(was, now) {
			t.Errorf("%s: the older one changed the site: %v, was %v", what, now, was)
		}
		p.shows(live, what)
		if st := p.observe(live); st.Live != live || len(st.Drift) > 0 && older.phase != delivery.Prune {
			t.Errorf("%s: live is %q, drift %q", what, st.Live, st.Drift)
		}
		if t.Failed() {
			return
		}
	}
}

func provision(v string) job      { return job{delivery.Provision, v, nil} }
func promote(v string) job        { return job{delivery.Promote, v, nil} }
func pruned(remove ...string) job { return job{delivery.Prune, "", remove} }

// No request of a promotion that lost the environment takes effect after the
// next one: not on a page that the next one did not have to change, nor on one
// that it put back to what it was.
func TestFormerPromotion(t *testing.T) {
	t.Parallel()
	before := []job{provision("1"), promote("1"), provision("2"), provision("3")}
	for name, c := range map[string]struct {
		first int64
		newer []job
		live  string
	}{
		"the next release":   {1, []job{promote("3")}, "3"},
		"the same release":   {2, []job{promote("2")}, "2"},
		"there and back":     {3, []job{promote("3"), promote("1")}, "1"},
		"taken over by many": {4, []job{promote("3"), promote("2"), promote("1")}, "1"},
		"and what it left":   {5, []job{promote("3"), pruned("2")}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			former(t, before, promote("2"), c.first, c.newer, c.live, true)
		})
	}
}

// Even a former holder that checks nothing changes no page, once its promotion
// has begun.
func TestFormerPromotionWithoutFence(t *testing.T) {
	t.Parallel()
	before := []job{provision("1"), promote("1"), provision("2"), provision("3")}
	for back, first := range map[string]int64{"1": 1, "3": 2} {
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			former(t, before, promote("2"), first, []job{promote("3"), promote(back)}, back, false)
		})
	}
}

// A prune that lost the environment deletes nothing that a later release has
// brought back.
func TestFormerPrune(t *testing.T) {
	t.Parallel()
	before := []job{provision("1"), promote("1"), provision("2"), promote("2")}
	for name, c := range map[string]struct {
		first int64
		newer []job
	}{
		"brought back":                 {1, []job{provision("4"), promote("4")}},
		"deleted, then brought back":   {2, []job{pruned("1"), provision("4"), promote("4")}},
		"the same release, again":      {3, []job{provision("1"), provision("4"), promote("4")}},
		"brought back, deleted, again": {4, []job{provision("4"), pruned("1", "4"), provision("4"), promote("4")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			former(t, before, pruned("1"), c.first, c.newer, "4", true)
		})
	}
}

func TestFormerProvision(t *testing.T) {
	t.Parallel()
	before := []job{provision("1"), promote("1")}
	for name, c := range map[string]struct {
		first int64
		newer []job
		live  string
	}{
		"the same release": {1, []job{provision("2"), promote("2")}, "2"},
		"another release":  {2, []job{provision("3"), promote("3")}, "3"},
		"deleted":          {3, []job{provision("3"), promote("3"), pruned("1", "2"), provision("4"), promote("4")}, "4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			former(t, before, provision("2"), c.first, c.newer, c.live, true)
		})
	}
}
