//go:build linux

package local_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

// change is one setting that changes after the release went live.
type change struct {
	before, after local.Settings
	isSite        bool
	ends          bool   // looking at the effect ends the release
	later         string // what status says of a setting that comes with the next release
	seen          func(w *world, p delivery.Placement) error
}

// answers is a change that is seen in what a path answers.
func answers(path, want string, before, after local.Settings) change {
	return change{before: before, after: after, seen: func(w *world, p delivery.Placement) error {
		body, _, err := fetch(w.t.Context(), w.observe(p).Endpoint, path)
		if err == nil && !strings.Contains(body, want) {
			err = fmt.Errorf("%s answers %q, want %q in it", path, body, want)
		}
		return err
	}}
}

// wanted is a change that is seen in what the supervisor goes by.
func wanted(text string, before, after local.Settings) change {
	return change{before: before, after: after, seen: func(w *world, p delivery.Placement) error {
		files, _ := filepath.Glob(filepath.Join(w.state(), "*", "*", "components", "*", "versions", "v1", "wanted.json"))
		raw, err := os.ReadFile(strings.Join(files, ""))
		if err == nil && !strings.Contains(string(raw), text) {
			err = fmt.Errorf("the supervisor goes by %s, want %s", raw, text)
		}
		return err
	}}
}

// changes has each setting by its name in the app file.
func changes(t *testing.T) map[string]change {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	short := delivery.Duration(150 * time.Millisecond)
	all := map[string]change{
		"port": {after: local.Settings{Port: port}, seen: func(w *world, p delivery.Placement) error {
			_, _, err := fetch(w.t.Context(), delivery.Endpoint{URL: fmt.Sprintf("http://127.0.0.1:%d/", port)}, "/x")
			return err
		}},
		"path":          answers("/x", "v1 /api/x", local.Settings{}, local.Settings{Path: "/api"}),
		"strip":         answers("/x", "v1 /x", local.Settings{Path: "/api"}, local.Settings{Path: "/api", Strip: true}),
		"health":        answers("/checked", "true", local.Settings{}, local.Settings{Health: "/health"}),
		"healthTimeout": wanted(`"healthTimeout":7000000000`, local.Settings{}, local.Settings{HealthTimeout: delivery.Duration(7 * time.Second)}),
		"env":           answers("/who", `"NEW=1"`, local.Settings{}, local.Settings{Env: map[string]string{"NEW": "1"}}),
		"command":       answers("/who", `["other"]`, local.Settings{}, local.Settings{Command: []string{"/bin/service", "other"}}),
		"args":          answers("/who", `["more"]`, local.Settings{}, local.Settings{Args: []string{"more"}}),
		"isolation":     answers("/who", "/v1/rootfs/work ", local.Settings{}, local.Settings{Isolation: "none"}),
		"stop":          wanted(`"stop":150000000`, local.Settings{}, local.Settings{Stop: short}),
		"fallback":      answers("/no/such/page", "one", local.Settings{}, local.Settings{Fallback: "index.html"}),
		"drain": {ends: true, before: local.Settings{Drain: delivery.Duration(time.Hour)}, after: local.Settings{Drain: short}, seen: func(w *world, p delivery.Placement) error {
			ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
			defer cancel()
			cut := make(chan error, 1)
			go func() { // a request without an end
				_, _, err := fetch(ctx, w.observe(p).Endpoint, "/stream")
				cut <- err
			}()
			for list, err := w.target.List(ctx, "shop", delivery.Scope{}); err == nil && ctx.Err() == nil && list[0].InFlight == 0; {
				list, err = w.target.List(ctx, "shop", delivery.Scope{})
			}
			if err := w.phase(delivery.Promote, w.placed(p, "")); err != nil {
				return err
			}
			w.prune(w.placed(p, ""), "v1")
			<-cut
			return ctx.Err()
		}},
		"platform": {
			ends: true, after: local.Settings{Platform: "linux/none"}, later: "the platform of v1 is linux/",
			seen: func(w *world, p delivery.Placement) error {
				w.live(w.api("v2", local.Settings{Platform: "linux/none"}))
				files, _ := filepath.Glob(filepath.Join(w.state(), "*", "*", "components", "*", "versions", "v2", "rootfs", "platform"))
				if raw, err := os.ReadFile(strings.Join(files, "")); err != nil || string(raw) != "linux/none" {
					return fmt.Errorf("v2 has platform %s: %w", raw, err)
				}
				return nil
			},
		},
	}
	isolation := all["isolation"]
	isolation.ends = os.Getuid() != 0 // there is none without root
	all["isolation"] = isolation
	site := all["fallback"]
	site.isSite = true
	all["fallback"] = site
	return all
}

// Each setting that changes after the release went live is told by status with the
// next command, which brings it; or status says that the next release does.
func TestEverySettingThatChanges(t *testing.T) {
	t.Parallel()
	all := changes(t)
	for f := range reflect.TypeFor[local.Settings]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		c, ok := all[name]
		if !ok {
			t.Errorf("no change of the setting %s is tested", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			of := func(set local.Settings) delivery.Placement {
				if c.isSite {
					return w.site("v1", set, map[string]string{"index.html": "one"})
				}
				return w.api("v1", set)
			}
			w.live(of(c.before))
			if !c.ends && c.seen(w, of(c.before)) == nil {
				t.Fatal("the effect is there before the change")
			}
			p := of(c.after)
			told := strings.Join(w.observe(p).Drift, "\n")
			if c.later != "" {
				if !strings.Contains(told, c.later) || !strings.Contains(told, "with the next release only") || strings.Contains(told, "falkirk ") {
					t.Errorf("status says %q", told)
				}
			} else if !strings.Contains(told, "falkirk provision v1 --to dev") {
				t.Errorf("status says %q", told)
			}
			w.must(delivery.Provision, p)
			if left := w.observe(p).Drift; c.later == "" && len(left) > 0 {
				t.Errorf("after provision: %v", left)
			}
			if err := c.seen(w, p); err != nil {
				t.Error(err)
			}
		})
	}
}
