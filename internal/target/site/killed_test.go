package site_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/delivery"
	"falkirk/test/chaos"
)

// killed does a phase in a process that dies after n requests, and says whether
// it came to its end before that.
func (w *world) killed(n int, arrives bool, phase delivery.Phase, version string, remove ...string) bool {
	w.wire.cutAfter(n, arrives)
	_, err := w.phase(phase, version, remove...)
	w.wire.cutAfter(-1, false)
	w.target = w.another()
	return err == nil
}

// sweep kills a phase at every request that it makes, and says how often.
func sweep(t *testing.T, world func() *world, phase delivery.Phase, version string, remove []string, after func(*world, string)) {
	t.Helper()
	for _, arrives := range []bool{false, true} {
		for n := 1; ; n += chaos.Count(5, 1) {
			w := world()
			if w.killed(n, arrives, phase, version, remove...) {
				if n < 3 {
					t.Errorf("%s %s came to its end after %d requests", phase, version, n)
				}
				break
			}
			after(w, fmt.Sprintf("%s %s killed at request %d (arrives: %v)", phase, version, n, arrives))
			if t.Failed() {
				return
			}
		}
	}
}

func twoPacked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.pack("1", first)
	w.pack("2", second)
	w.live("1")
	return w
}

func TestKilledProvision(t *testing.T) {
	t.Parallel()
	sweep(t, func() *world { return twoPacked(t) }, delivery.Provision, "2", nil, func(w *world, what string) {
		for _, p := range []string{"index.html", "style.css", "about/index.html", "old.html", "app.11111111.js"} {
			if got := w.read(p); got != first[p] {
				t.Errorf("%s: readers see %q at %s", what, got, p)
			}
		}
		if st := w.observe("1"); st.Live != "1" || len(st.Drift) > 0 {
			t.Errorf("%s: the live release is %q, drift %q", what, st.Live, st.Drift)
		}
		w.live("2")
		w.expect(what, merge(second, map[string]string{"app.11111111.js": "one"}))
		w.expectIdle("2")
		w.promote("1")
		w.prune("2")
		w.expect(what+", back and pruned", first)
	})
}

func TestKilledPromotion(t *testing.T) {
	t.Parallel()
	provisioned := func() *world {
		w := twoPacked(t)
		w.provision("2")
		return w
	}
	both := map[string]string{"app.11111111.js": "one", "app.22222222.js": "two"}
	t.Run("repeated", func(t *testing.T) {
		t.Parallel()
		sweep(t, provisioned, delivery.Promote, "2", nil, func(w *world, what string) {
			w.promote("2")
			w.expect(what, merge(second, both))
			w.expectIdle("2")
			w.prune("1")
			w.expect(what+", pruned", second)
		})
	})
	t.Run("taken back", func(t *testing.T) {
		t.Parallel()
		sweep(t, provisioned, delivery.Promote, "2", nil, func(w *world, what string) {
			w.promote("1")
			w.expect(what+", taken back", merge(first, both))
			w.expectIdle("1")
			w.prune("2")
			w.expect(what+", pruned", first)
		})
	})
	t.Run("the first of all", func(t *testing.T) {
		t.Parallel()
		sweep(t, func() *world {
			w := newWorld(t)
			w.pack("2", second)
			w.provision("2")
			return w
		}, delivery.Promote, "2", nil, func(w *world, what string) {
			w.promote("")
			w.expect(what+", taken back", map[string]string{"app.22222222.js": "two", "style.css": "blue"})
		})
	})
}

func TestKilledPrune(t *testing.T) {
	t.Parallel()
	sweep(t, func() *world {
		w := twoPacked(t)
		w.live("2")
		return w
	}, delivery.Prune, "", []string{"1"}, func(w *world, what string) {
		st := w.observe("2") // that the other one is half gone is said, and nothing else
		if st.Live != "2" || len(st.Drift) > 1 || len(st.Drift) == 1 && !strings.HasPrefix(st.Drift[0], "no longer whole beside") {
			t.Errorf("%s: live is %q, drift %q", what, st.Live, st.Drift)
		}
		w.prune("1")
		w.expect(what, second)
		for _, k := range w.keys() {
			if k == ".falkirk/shop/web/releases/1.json" {
				t.Errorf("%s: the record is still there", what)
			}
		}
	})
}

// A killed provisioning of many files is gone on with: what it copied is not
// copied again, but for what was under way.
func TestKilledIsGoneOnWith(t *testing.T) {
	t.Parallel()
	const n = 1000
	w := newWorld(t)
	w.pack("1", large(n, 0, 1))
	if w.killed(600, true, delivery.Provision, "1") {
		t.Fatal("it was not killed")
	}
	w.wire.counted()
	w.live("1")
	asked, _ := w.wire.counted()
	if asked["copy"] > n+1-(598-64) {
		t.Errorf("%d objects were copied after the kill", asked["copy"])
	}
	w.expectIdle("1")
}

// A promotion that changes nothing but a header has been killed: the bytes do
// not tell whether it had come by, and the header is right after all.
func TestKilledPromotionOfAHeader(t *testing.T) {
	t.Parallel()
	sweep(t, func() *world {
		w := newWorld(t)
		w.pack("1", map[string]string{"index.html": "page", "data.css": "same"})
		s := w.sites[w.packed["1"].Digest]
		next := delivery.Site{Schema: 1, Files: slices.Clone(s.Files)}
		for i := range next.Files {
			next.Files[i].Type = "text/x-two"
		}
		w.packSite("2", next)
		w.live("1")
		w.provision("2")
		return w
	}, delivery.Promote, "2", nil, func(w *world, what string) {
		w.promote("1")
		w.expectIdle("1")
		for _, key := range []string{"index.html", "data.css"} {
			if got := w.kind(key); got == "text/x-two" {
				t.Errorf("%s: %s still has the type of 2", what, key)
			}
		}
		w.promote("2")
		for _, key := range []string{"index.html", "data.css"} {
			if got := w.kind(key); got != "text/x-two" {
				t.Errorf("%s: %s has the type %q and not that of 2", what, key, got)
			}
		}
	})
}

func (w *world) kind(key string) string {
	w.t.Helper()
	out, err := w.api().HeadObject(w.t.Context(), &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
	w.must(out, err)
	return aws.ToString(out.ContentType)
}
