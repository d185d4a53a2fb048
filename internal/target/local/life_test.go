//go:build linux

package local_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

func TestImageLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := local.Settings{Path: "/api", Strip: true, Health: "/health"}
	v1, v2 := w.api("v1", set), w.api("v2", set)

	if got := w.actions(delivery.Provision, v1); !cmp.Equal(got, []string{"supervise", "unpack", "start"}) {
		t.Errorf("first plan %v", got)
	}
	w.must(delivery.Provision, v1)
	s := w.observe(v1)
	if s.Live != "" || !cmp.Equal(s.Ready, []string{"v1"}) || len(s.Drift) > 0 {
		t.Errorf("after provision: %+v", s)
	}
	if body, res := get(t, s.Endpoint, "/x"); res.StatusCode != 503 {
		t.Errorf("nothing is live, but %d %s", res.StatusCode, body)
	}
	if body, res := get(t, s.Candidate, "/x"); body != "v1 /x" || res.Header.Get("Falkirk-Release") != "v1" {
		t.Errorf("candidate answers %s %v", body, res.Header)
	}
	w.must(delivery.Promote, v1)
	w.live(v2)
	s = w.observe(v2)
	if body, res := get(t, s.Endpoint, "/x?q=1"); body != "v2 /x" || !cmp.Equal(res.Header.Values("Falkirk-Release"), []string{"v2"}) {
		t.Errorf("live answers %s %v", body, res.Header)
	}
	if v, err := w.target.Serves(t.Context(), v2, s); err != nil || v != "v2" {
		t.Errorf("from outside it serves %q, %v", v, err)
	}
	w.must(delivery.Promote, v1) // rollback
	if v, err := w.target.Serves(t.Context(), v2, s); err != nil || v != "v1" {
		t.Errorf("after a rollback it serves %q from outside, %v", v, err)
	}
	if body, _ := get(t, s.Endpoint, ""); body != "v1 /" {
		t.Errorf("after rollback: %s", body)
	}
	w.prune(v1, "v1", "v2")
	s = w.observe(v1)
	if s.Live != "v1" || !cmp.Equal(s.Present, []string{"v1"}) || len(s.Drift) > 0 {
		t.Errorf("after prune: %+v", s)
	}
	if n := len(w.processes()); n != 2 {
		t.Errorf("%d processes, want the supervisor and v1: %v", n, w.processes())
	}
	nothing := v1
	nothing.Version, nothing.Artifact = "", delivery.Artifact{}
	w.must(delivery.Promote, nothing)
	if _, res := get(t, s.Endpoint, ""); res.StatusCode != 503 {
		t.Errorf("nothing is live, but %d", res.StatusCode)
	}
	w.prune(nothing, "v1")
	w.noStrays()
	if s := w.observe(v1); len(s.Present) > 0 || len(s.Drift) > 0 {
		t.Errorf("after all is removed: %+v", s)
	}
}

func TestSiteLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := local.Settings{Fallback: "index.html"}
	v1 := w.site("v1", set, map[string]string{"index.html": "one", "app-1.js": "old", "same-0.js": "same", "docs/index.html": "docs"})
	v2 := w.site("v2", set, map[string]string{"index.html": "two", "app-2.js": "new", "same-0.js": "same"})
	w.live(v1)
	w.live(v2)
	e := w.observe(v2).Endpoint
	for path, want := range map[string]string{
		"/": "two", "/index.html": "two", "/app-2.js": "new", "/app-1.js": "old", "/some/page": "two",
		"/../../../etc/passwd": "two", "/%2e%2e/%2e%2e/etc/passwd": "two",
	} {
		if body, res := get(t, e, path); body != want || res.StatusCode != 200 {
			t.Errorf("%s: %d %q, want %q", path, res.StatusCode, body, want)
		}
	}
	if _, res := get(t, e, "/gone-9.js"); res.StatusCode != 404 {
		t.Errorf("missing asset: %d", res.StatusCode)
	}
	w.must(delivery.Promote, v1)
	if body, _ := get(t, e, "/docs"); body != "docs" {
		t.Errorf("folder: %q", body)
	}
	w.prune(v1, "v2")
	if _, res := get(t, e, "/app-2.js"); res.StatusCode != 404 {
		t.Errorf("pruned asset: %d", res.StatusCode)
	}
	if body, _ := get(t, e, "/same-0.js"); body != "same" {
		t.Errorf("shared asset: %q", body)
	}
	if s := w.observe(v1); len(s.Drift) > 0 || s.Live != "v1" {
		t.Errorf("%+v", s)
	}
}

func TestAnswersOfASite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.site("v1", local.Settings{Path: "/ui"}, map[string]string{"index.html": "hello", "a-1.js": "0123456789"})
	w.live(v1)
	e := w.observe(v1).Endpoint
	body, res := get(t, e, "/a-1.js")
	tag := res.Header.Get("ETag")
	if body != "0123456789" || tag != `"`+digestOf([]byte(body))+`"` || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%q %v", body, res.Header)
	}
	e.Header = map[string]string{"If-None-Match": tag}
	if _, res := get(t, e, "/a-1.js"); res.StatusCode != 304 {
		t.Errorf("same tag: %d", res.StatusCode)
	}
	e.Header = map[string]string{"Range": "bytes=2-4"}
	if body, res := get(t, e, "/a-1.js"); body != "234" || res.StatusCode != 206 {
		t.Errorf("range: %d %q", res.StatusCode, body)
	}
	e.Header = nil
	if body, res := get(t, e, ""); body != "hello" || res.Request.URL.Path != "/ui/" || res.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("root: %q at %s %v", body, res.Request.URL, res.Header)
	}
}
