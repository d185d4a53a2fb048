package site_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
)

var (
	first = map[string]string{
		"index.html": "<script src=app.11111111.js>", "about/index.html": "about one", "app.11111111.js": "one", "style.css": "red",
		"old.html": "only in one",
	}
	second = map[string]string{
		"index.html": "<script src=app.22222222.js>", "about/index.html": "about two", "app.22222222.js": "two", "style.css": "blue",
		"new.html": "only in two",
	}
)

func merge(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func (w *world) expect(what string, want map[string]string) {
	w.t.Helper()
	if d := cmp.Diff(want, w.objects()); d != "" {
		w.t.Errorf("%s: the bucket differs (-want +got):\n%s", what, d)
	}
}

func (w *world) expectIdle(version string) {
	w.t.Helper()
	if st := w.observe(version); st.Live != version || len(st.Drift) > 0 {
		w.t.Errorf("live is %q and not %q; drift %q", st.Live, version, st.Drift)
	}
	if n := w.provision(version) + w.promote(version); n != 0 {
		w.t.Errorf("there were %d steps for %s, which is live", n, version)
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("1", first)
	w.pack("2", second)

	w.provision("1")
	w.expect("nothing is live yet", map[string]string{"app.11111111.js": "one", "style.css": "red"})
	if st := w.observe("1"); st.Live != "" || !cmp.Equal(st.Ready, []string{"1"}) {
		t.Fatalf("after provision: %+v", st)
	}
	w.promote("1")
	w.expect("first release", first)
	w.expectIdle("1")

	w.provision("2")
	w.expect("the second beside the first", merge(first, map[string]string{"app.22222222.js": "two"}))
	if d := w.observe("1").Drift; len(d) > 0 {
		t.Errorf("drift while the second is beside: %q", d)
	}
	w.promote("2")
	both := merge(second, map[string]string{"app.11111111.js": "one"})
	w.expect("second release", both)
	w.expectIdle("2")
	if st := w.observe("2"); !cmp.Equal(st.Ready, []string{"1", "2"}) {
		t.Errorf("there is no way back: %q", st.Ready)
	}

	w.wire.counted()
	w.promote("1")
	asked, _ := w.wire.counted()
	if asked["copy"] != 4 { // index, about, old, style; no asset
		t.Errorf("the rollback copied %d objects", asked["copy"])
	}
	w.expect("rolled back", merge(first, map[string]string{"app.22222222.js": "two"}))
	w.promote("2")
	w.expect("and forth", both)
	w.prune("1")
	w.expect("pruned", second)
	w.expectIdle("2")
	if n := w.prune("1"); n != 0 {
		t.Errorf("pruning again had %d steps", n)
	}

	w.promote("")
	w.expect("nothing is live", map[string]string{"app.22222222.js": "two", "style.css": "blue"})
	w.prune("2")
	if keys := w.keys(); len(keys) > 0 {
		t.Errorf("the bucket still has %q", keys)
	}
}

// What the target did not make is neither deleted nor drift.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := map[string]string{"robots.txt": "by hand", "docs/manual.pdf": "by hand"}
	for k, v := range foreign {
		w.write(k, v)
	}
	w.write("index.html", "the old site")
	w.write("style.css", "the old style")
	w.pack("1", first)
	w.pack("2", second)
	w.provision("1")
	if got := w.read("index.html") + w.read("style.css"); got != "the old sitethe old style" {
		t.Errorf("provisioning touched what readers see: %q", got)
	}
	w.promote("1")
	w.expect("beside foreign objects", merge(first, foreign))
	w.expectIdle("1")
	w.live("2")
	w.prune("1")
	w.expect("after the prune", merge(second, foreign))
}

// What others changed is named, and mended by the same command.
func TestDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("1", first)
	w.live("1")
	w.write("index.html", "defaced")
	w.write("style.css", "defaced")
	w.erase("app.11111111.js")
	st := w.observe("1")
	want := []string{`changed by other hands: "index.html", "style.css"`, `missing: "app.11111111.js"`}
	if d := cmp.Diff(want, st.Drift); d != "" {
		t.Errorf("drift (-want +got):\n%s", d)
	}
	if len(st.Ready) > 0 {
		t.Errorf("a release that lacks files is ready: %q", st.Ready)
	}
	w.live("1")
	w.expect("mended", first)
	w.expectIdle("1")
}

func TestFilesThatGoThroughThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.located = false
	w.target = w.another()
	w.pack("1", first)
	w.live("1")
	w.expect("uploaded", first)
	w.expectIdle("1")
}

func TestEmptyRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("0", nil)
	w.pack("1", first)
	w.live("0")
	w.expect("empty", map[string]string{})
	w.expectIdle("0")
	w.live("1")
	w.live("0")
	w.expectIdle("0")
	w.prune("1")
	w.expect("empty again", map[string]string{})
}

// Several components share a bucket by prefix, also one below the other.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("1", first)
	w.live("1")
	w.name, w.set.Prefix = "docs", "docs"
	w.pack("1", second)
	w.live("1")
	want := merge(first)
	for k, v := range second {
		want["docs/"+k] = v
	}
	w.expect("two components", want)
	w.expectIdle("1")

	w.name, w.set.Prefix = "web", ""
	w.pack("1", first)
	w.expectIdle("1")
	w.pack("2", map[string]string{"docs/clash.html": "whose?"})
	if _, err := w.phase(delivery.Provision, "2"); err == nil {
		t.Error("a file in the folder of another component was laid out")
	}
}

// What two releases share stays for the one that is kept.
func TestPruneKeepsWhatIsShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared := map[string]string{"page.html": "shared", "app.11111111.js": "script"}
	w.pack("1", merge(shared, map[string]string{"index.html": "one"}))
	w.pack("2", merge(shared, map[string]string{"index.html": "two"}))
	w.pack("3", map[string]string{"index.html": "three"})
	for _, v := range []string{"1", "2", "3"} {
		w.provision(v)
	}
	w.promote("3")
	w.prune("1")
	if st := w.observe("2"); !cmp.Equal(st.Ready, []string{"2", "3"}) {
		t.Fatalf("ready are %q", st.Ready)
	}
	w.promote("2")
	w.expect("the release that was kept", merge(shared, map[string]string{"index.html": "two"}))
}

// A copy beside the site that others changed makes nothing live.
func TestTamperedCopies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("1", first)
	w.pack("2", second)
	w.live("1")
	w.provision("2")
	for _, key := range w.keys() {
		if w.read(key) == second["index.html"] {
			w.write(key, strings.Repeat("x", len(second["index.html"])))
		}
	}
	st := w.observe("2")
	if want := []string{`no longer whole beside what is live: "2: index.html"`}; !cmp.Equal(st.Drift, want) || !cmp.Equal(st.Ready, []string{"1"}) {
		t.Errorf("ready are %q; the drift is %q", st.Ready, st.Drift)
	}
	if _, err := w.phase(delivery.Promote, "2"); err == nil {
		t.Error("a page that others wrote was made live")
	}
	w.live("2")
	w.expect("mended", merge(second, map[string]string{"app.11111111.js": "one"}))
}
