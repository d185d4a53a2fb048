package takeover

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"falkirk/test/chaos"
	"falkirk/test/s3proxy"
)

// troubles are the kinds of trouble, at a request.
func troubles(at int) []trouble {
	return []trouble{
		{name: "stopped after a request", at: at, stop: true, pass: true, cut: nothing},
		{name: "stopped before a request", at: at, stop: true, cut: nothing},
		{name: "cut off", at: at, cut: everything},
		{name: "cut off from the store", at: at, cut: store},
	}
}

// isWrite reports whether a request changes something, in S3 or elsewhere.
func isWrite(q s3proxy.Request) bool {
	if q.Bucket != "" && len(q.Keys) > 0 {
		return q.Changed()
	}
	for _, read := range []string{"Describe", "List", "Get", "Head", "Validate", "Assume"} {
		if strings.HasPrefix(q.Operation, read) {
			return false
		}
	}
	return q.Status/100 == 2
}

// late are the writes of the first process that took effect after the second
// one had opened its operation. A process that has closed its operation notes
// that beside the log (where it ends, and its old lease); this may come later.
func (w *world) late(from [2]int, closed bool) []string {
	logs := w.logs()
	opened := false
	openedAt := time.Time{}
	var out []string
	check := func(q s3proxy.Request) {
		beside := strings.Contains(q.Key(), "/ledger-head/") || strings.Contains(q.Key(), "/ledger-lease/")
		if q.Client == w.name+"-first" && isWrite(q) && (!closed || !beside) {
			out = append(out, fmt.Sprintf("%s %s/%v: %d", q.Operation, q.Bucket, q.Keys, q.Status))
		}
	}
	for _, q := range logs[0][from[0]:] {
		switch {
		case q.Client == w.name+"-second" && opening(q) && q.Status/100 == 2:
			if !opened {
				opened, openedAt = true, q.At
			}
		case opened:
			check(q)
		}
	}
	for _, q := range logs[1][from[1]:] {
		if opened && q.At.After(openedAt) {
			check(q)
		}
	}
	return out
}

// logs are those of AWS and of the registry.
func (w *world) logs() [2][]s3proxy.Request {
	return [2][]s3proxy.Request{w.em.proxies[0].Log(), w.em.proxies[1].Log()}
}

// requests counts what a command asks after it has taken the environment when
// nothing happens to it.
func (w *world) requests(args ...string) int {
	w.t.Helper()
	var n atomic.Int64
	w.on(func(q s3proxy.Request) s3proxy.Fate {
		if n.Load() > 0 || opening(q) {
			n.Add(1)
		}
		return s3proxy.Pass
	})
	defer w.on(nil)
	w.must("first", args...)
	return int(n.Load()) - 1
}

// try is one trial: the first process gets into trouble, the second takes over
// and makes a release live, the first goes on.
func (w *world) try(x trouble, first, second []string, live string) (struck bool) {
	w.t.Helper()
	logs := w.logs()
	from := [2]int{len(logs[0]), len(logs[1])}
	started := make(chan struct{})
	var p *process
	hit := x.apply(w, func() *process { <-started; return p })
	p = w.start("first", first...)
	close(started)
	what := fmt.Sprintf("%v, %s at request %d", first, x.name, x.at)
	for !hit.Load() {
		select {
		case <-p.ended:
			if !hit.Load() { // it was through before
				w.on(nil)
				w.insist(second...)
				return false
			}
		default:
		}
	}
	w.insist(second...)
	w.on(nil)
	if wrong := w.wrong(live); len(wrong) > 0 {
		w.t.Errorf("%s: the second process says done, and %v", what, wrong)
	}
	p.signal(syscall.SIGCONT)
	code := p.code()
	if late := w.late(from, code == 0); len(late) > 0 {
		w.t.Errorf("%s: writes of the former holder took effect: %v\n%s", what, late, p.out)
	}
	if wrong := w.wrong(live); len(wrong) > 0 {
		w.t.Errorf("%s: after the former holder went on, %v", what, wrong)
	}
	if said := p.out.String(); code == 0 && !strings.Contains(said, "done") || code == 1 && x.stop || code > 1 && code != 5 {
		w.t.Errorf("%s: the former holder ends with %d:\n%s", what, code, said)
	}
	return true
}

// run does the trials of one kind side by side, each world with its own seed.
func run(t *testing.T, e *emulator, kind string, keep int, try func(w *world, i int, x trouble) bool, count func(w *world) int) {
	t.Helper()
	const worlds = 4
	var struck atomic.Int64
	for n := range worlds {
		t.Run(fmt.Sprintf("%s-%d", kind, n), func(t *testing.T) {
			t.Parallel()
			w := e.world(t, fmt.Sprintf("%s-%d", kind, n), keep)
			most := count(w)
			random := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // trials that can be repeated
			for i := n; i < chaos.Count(4, 120) && !t.Failed(); i += worlds {
				x := troubles(1 + random.IntN(most))
				if try(w, i, x[i%len(x)]) {
					struck.Add(1)
				}
			}
			w.must("second", "verify")
		})
	}
	t.Cleanup(func() { t.Logf("%s: %d trials struck", kind, struck.Load()) })
}

// A promotion that gets into trouble at any of its requests writes nothing
// after another one has taken over.
func TestAPromotionThatLostTheEnvironment(t *testing.T) {
	t.Parallel()
	versions := []string{"1", "2", "3"}
	run(t, newEmulator(t), "promote", 5, func(w *world, _ int, x trouble) bool {
		next, after := versions[(w.turn+1)%3], versions[(w.turn+2)%3]
		w.turn += 2
		return w.try(x, []string{"promote", next, "--to", "prd"}, []string{"promote", after, "--to", "prd"}, after)
	}, func(w *world) int {
		w.pack(versions...)
		for _, v := range versions {
			w.must("second", "train", v, "--to", "prd")
		}
		return w.requests("promote", "1", "--to", "prd")
	})
}

// A prune that gets into trouble deletes nothing of a release that needs again
// what it was about to delete.
func TestAPruneThatLostTheEnvironment(t *testing.T) {
	t.Parallel()
	versions := []string{"a", "b"}
	run(t, newEmulator(t), "prune", 0, func(w *world, _ int, x trouble) bool {
		old := versions[w.turn%2]
		w.turn++
		return w.try(x, []string{"prune", "prd"}, []string{"train", old, "--to", "prd"}, old)
	}, func(w *world) int {
		w.pack(versions...)
		w.must("second", "train", "a", "--to", "prd")
		w.must("second", "train", "b", "--to", "prd")
		n := w.requests("prune", "prd")
		w.must("second", "train", "a", "--to", "prd")
		w.must("second", "train", "b", "--to", "prd")
		return n
	})
}
