//go:build linux

package local_test

import (
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

// Changed settings reach the live release by provision: another process starts with
// them beside the one that runs, and no request is lost.
func TestProvisionTakesSettingsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	e := w.observe(v1).Endpoint
	pid, _ := get(t, e, "/pid")
	end := asked(t, e)
	for _, value := range []string{"one", "two"} {
		changed := w.api("v1", local.Settings{Env: map[string]string{"NEW": value}})
		w.must(delivery.Provision, changed)
		if who, _ := get(t, e, "/who"); !strings.Contains(who, `"NEW=`+value+`"`) {
			t.Errorf("%s", who)
		}
		if s := w.observe(changed); len(s.Drift) > 0 || s.Live != "v1" {
			t.Errorf("%+v", s)
		}
	}
	end()
	if now, _ := get(t, e, "/pid"); now == pid {
		t.Error("it is the same process")
	}
	eventually(t, "the processes before have ended", func() bool { return len(w.processes()) == 2 })
	kill(t, w.supervisor())
	changed := w.api("v1", local.Settings{Env: map[string]string{"NEW": "two"}})
	w.must(delivery.Promote, changed)
	if s := w.observe(changed); len(s.Drift) > 0 {
		t.Errorf("after another supervisor: %+v", s)
	}
}

// Settings with which the release does not become healthy change nothing.
func TestSettingsThatFailChangeNothing(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]local.Settings{
		"ends":      {Env: map[string]string{"FAIL": "1"}},
		"unhealthy": {Health: "/health", Env: map[string]string{"SICK": "1"}, HealthTimeout: delivery.Duration(1500 * time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v1 := w.api("v1", local.Settings{})
			w.live(v1)
			e := w.observe(v1).Endpoint
			pid, _ := get(t, e, "/pid")
			end := asked(t, e)
			err := w.phase(delivery.Provision, w.api("v1", set))
			if err == nil || !strings.Contains(err.Error(), "v1 goes on as it was") {
				t.Errorf("%v", err)
			}
			end()
			if now, _ := get(t, e, "/pid"); now != pid {
				t.Errorf("process %s became %s", pid, now)
			}
			if s := w.observe(v1); len(s.Drift) > 0 || s.Live != "v1" {
				t.Errorf("with the settings before: %+v", s)
			}
			if s := w.observe(w.api("v1", set)); len(s.Drift) != 1 {
				t.Errorf("with the settings that fail: %v", s.Drift)
			}
			eventually(t, "the other process has ended", func() bool { return len(w.processes()) == 2 })
		})
	}
}

// A command that was killed in the middle of a replacement, and a supervisor too,
// leave what the next command ends.
func TestInterruptedReplacement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	e := w.observe(v1).Endpoint
	silent := w.api("v1", local.Settings{Env: map[string]string{"SILENT": "1"}, HealthTimeout: delivery.Duration(time.Minute)})
	gaveUp := make(chan error, 1)
	go func() { gaveUp <- w.phase(delivery.Provision, silent) }()
	eventually(t, "the next process runs", func() bool { return len(w.processes()) == 3 })
	kill(t, w.supervisor())
	if err := <-gaveUp; err == nil {
		t.Error("it says that it is done")
	}
	if s := w.observe(v1); !strings.Contains(strings.Join(s.Drift, "\n"), "was interrupted; falkirk provision v1 --to dev") {
		t.Errorf("%v", s.Drift)
	}
	w.must(delivery.Provision, v1)
	w.must(delivery.Promote, v1)
	if s := w.observe(v1); len(s.Drift) > 0 || s.Live != "v1" || !w.answers(e)() {
		t.Errorf("%+v", s)
	}
	eventually(t, "the next process has ended", func() bool { return len(w.processes()) == 2 })
}
