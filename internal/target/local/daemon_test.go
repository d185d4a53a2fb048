//go:build linux

package local_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

// What a service starts in a session of its own ends with it: when it crashes,
// when it is stopped, and when its supervisor was killed before.
func TestDaemonsOfAServiceEndWithIt(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"by their environment": "?env=1", "by their program": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v1 := w.api("v1", local.Settings{Stop: delivery.Duration(300 * time.Millisecond)})
			w.live(v1)
			e := w.observe(v1).Endpoint
			start := func() {
				t.Helper()
				if said, _ := get(t, e, "/daemon"+query); said != "<nil>" || len(w.processes()) != 3 {
					t.Fatalf("the daemon: %s %v", said, w.processes())
				}
			}
			start()
			pid, _ := get(t, e, "/pid")
			n, _ := strconv.Atoi(pid)
			kill(t, n)
			eventually(t, "started again", func() bool {
				return isOther(t, e, pid) && len(w.observe(v1).Drift) == 0
			})
			if left := w.processes(); len(left) != 2 {
				t.Errorf("the daemon of the crashed service is left: %v", left)
			}
			if log := w.log(v1); !strings.Contains(log, "left these processes running, which were stopped: service (process ") {
				t.Errorf("the log says %q", log)
			}
			start()
			if err := w.target.Down(t.Context(), "shop", delivery.Scope{Place: "dev"}); err != nil {
				t.Fatal(err)
			}
			w.noStrays()
			if err := w.target.Up(t.Context(), "shop", delivery.Scope{Place: "dev"}, all); err != nil {
				t.Fatal(err)
			}
			start()
			kill(t, w.supervisor())
			w.must(delivery.Promote, w.placed(v1, ""))
			w.prune(w.placed(v1, ""), "v1")
			w.noStrays()
		})
	}
}

// A service that puts itself into the background is not found running, and is
// told why; it does not pile up.
func TestAServiceMustStayInTheForeground(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{Env: map[string]string{"DAEMON": "1"}, HealthTimeout: delivery.Duration(1500 * time.Millisecond)})
	err := w.phase(delivery.Provision, v1)
	if err == nil || !strings.Contains(err.Error(), "a service must stay in the foreground") {
		t.Errorf("%v", err)
	}
}

func (w *world) log(p delivery.Placement) string {
	w.t.Helper()
	logs, err := filepath.Glob(filepath.Join(w.dir, "state", "*", "*", "components", p.Component, "versions", p.Version, "output.log"))
	if err != nil || len(logs) != 1 {
		w.t.Fatalf("the logs are %v, %v", logs, err)
	}
	raw, err := os.ReadFile(logs[0])
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// placed is a placement on another version; "" is none.
func (w *world) placed(p delivery.Placement, version string) delivery.Placement {
	p.Version = version
	if version == "" {
		p.Artifact = delivery.Artifact{}
	}
	return p
}
