//go:build linux

package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
)

// TestOneComponentDown: the others of its place are served without an interruption, it
// stays down until Up or a promotion brings it back, whether a supervisor runs or not.
func TestOneComponentDown(t *testing.T) {
	t.Parallel()
	for name, isKilled := range map[string]bool{"with a supervisor": false, "without one": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			web, api := w.site("v1", local.Settings{}, map[string]string{"index.html": "site"}), w.api("v1", local.Settings{Path: "/api"})
			w.live(web)
			w.live(api)
			only := delivery.Scope{Place: "dev/eu", Component: "api"}
			if isKilled {
				kill(t, w.supervisor())
				eventually(t, "the supervisor is gone", func() bool { return len(w.processes()) == 1 })
			}
			before := len(w.processes())
			if err := w.target.Down(t.Context(), "shop", only); err != nil {
				t.Fatal(err)
			}
			if left := w.processes(); len(left) != before-1 {
				t.Errorf("the process of api is left: %v", left)
			}
			list, err := w.target.List(t.Context(), "shop", only)
			if err != nil || len(list) != 1 || list[0].Component != "api" || list[0].Health != "down" || !list[0].Live {
				t.Errorf("listed: %+v %v", list, err)
			}
			if s := w.observe(api); s.Live != "v1" || len(s.Drift) != 1 || !strings.Contains(s.Drift[0], "falkirk local up dev starts it again") {
				t.Errorf("observed: %+v", s)
			}
			// Up of everything but api starts web and no more.
			notAPI := func(_ delivery.Place, component string) bool { return component != "api" }
			if err := w.target.Up(t.Context(), "shop", delivery.Scope{}, notAPI); err != nil {
				t.Fatal(err)
			}
			e := w.observe(web).Endpoint
			if body, _ := get(t, e, ""); body != "site" {
				t.Errorf("web answers %q", body)
			}
			if body, _ := get(t, e, "/api"); body == "v1 /api" || len(w.processes()) != 1 {
				t.Errorf("api answers %q; %v", body, w.processes())
			}
			if err := w.target.Up(t.Context(), "shop", only, all); err != nil {
				t.Fatal(err)
			}
			if body, _ := get(t, e, "/api"); !strings.HasPrefix(body, "v1 ") || len(w.observe(api).Drift) > 0 {
				t.Errorf("after up, api answers %q, %+v", body, w.observe(api))
			}
			if err := w.target.Down(t.Context(), "shop", only); err != nil {
				t.Fatal(err)
			}
			w.live(api)
			if body, _ := get(t, e, "/api"); !strings.HasPrefix(body, "v1 ") || len(w.observe(api).Drift) > 0 {
				t.Errorf("after a promotion, api answers %q, %+v", body, w.observe(api))
			}
		})
	}
}

// TestUpAndDownOfOnePlace: the other place is not touched, and a place that the app
// file does not have is not started.
func TestUpAndDownOfOnePlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eu := w.api("v1", local.Settings{})
	w.region = "us"
	us := w.api("v1", local.Settings{})
	w.live(eu)
	w.live(us)
	if err := w.target.Down(t.Context(), "shop", delivery.Scope{Place: "dev/us"}); err != nil {
		t.Fatal(err)
	}
	if body, _ := get(t, w.observe(eu).Endpoint, ""); body != "v1 /" || len(w.processes()) != 2 {
		t.Errorf("eu answers %q; %v", body, w.processes())
	}
	onlyEU := func(p delivery.Place, _ string) bool { return p.Region == "eu" }
	if err := w.target.Up(t.Context(), "shop", delivery.Scope{}, onlyEU); err != nil || len(w.processes()) != 2 {
		t.Errorf("up: %v; %v", err, w.processes())
	}
	if err := w.target.Up(t.Context(), "shop", delivery.Scope{Place: "dev/us"}, all); err != nil {
		t.Fatal(err)
	}
	if body, _ := get(t, w.observe(us).Endpoint, ""); body != "v1 /" {
		t.Errorf("us answers %q", body)
	}
}

// TestDelete: what runs is refused; what is down is deleted, and with the last
// component the place.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	web, api := w.site("v1", local.Settings{}, map[string]string{"index.html": "site"}), w.api("v1", local.Settings{Path: "/api"})
	w.live(web)
	w.live(api)
	only := delivery.Scope{Place: "dev/eu", Component: "api"}
	if err := w.target.Delete(t.Context(), "shop", only); !fault.Is(err, fault.Refused) || fault.HintOf(err) != "falkirk local down dev/eu api" {
		t.Fatalf("what runs: %v, %q", err, fault.HintOf(err))
	}
	for _, scope := range []delivery.Scope{only, {Place: "dev"}} {
		if err := w.target.Down(t.Context(), "shop", scope); err != nil {
			t.Fatal(err)
		}
		if err := w.target.Delete(t.Context(), "shop", scope); err != nil {
			t.Fatal(err)
		}
		if list, err := w.target.List(t.Context(), "shop", scope); err != nil || len(list) > 0 {
			t.Errorf("%s: %+v %v", scope, list, err)
		}
		if scope == only {
			if body, _ := get(t, w.observe(web).Endpoint, ""); body != "site" {
				t.Errorf("web answers %q", body)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(w.state(), "shop", "dev~eu")); !os.IsNotExist(err) {
		t.Errorf("the place is left: %v", err)
	}
}
