//go:build linux

package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

// isOther reports whether a service answers, as another process than pid.
func isOther(t *testing.T, e delivery.Endpoint, pid string) bool {
	t.Helper()
	now, _, err := fetch(t.Context(), e, "/pid")
	if err != nil || now == pid {
		return false
	}
	_, err = strconv.Atoi(now) // the proxy answers too, where the service does not
	return err == nil
}

func TestProcessesOutliveTheSupervisor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	before := w.observe(v1)
	pid, _ := get(t, before.Endpoint, "/pid")
	first := w.supervisor()
	kill(t, first)
	eventually(t, "the supervisor is gone", func() bool { return len(w.processes()) == 1 })
	s := w.observe(v1)
	if s.Live != "v1" || len(s.Drift) == 0 {
		t.Errorf("with no supervisor: %+v", s)
	}
	if got := w.actions(delivery.Promote, v1); !cmp.Equal(got, []string{"supervise", "start", "switch"}) {
		t.Errorf("promote plans %v", got)
	}
	w.must(delivery.Promote, v1)
	after, _ := get(t, w.observe(v1).Endpoint, "/pid")
	if after != pid || w.observe(v1).Endpoint.URL != before.Endpoint.URL {
		t.Errorf("process %s became %s, %s became %s", pid, after, before.Endpoint.URL, w.observe(v1).Endpoint.URL)
	}
	if n := len(w.processes()); n != 2 || w.supervisor() == first {
		t.Errorf("%d processes: %v", n, w.processes())
	}
	n, _ := strconv.Atoi(pid)
	kill(t, n) // not a child of this supervisor: it finds out by looking
	eventually(t, "started again", func() bool {
		return isOther(t, before.Endpoint, pid) && len(w.observe(v1).Drift) == 0
	})
}

func TestCrashedProcessIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	e := w.observe(v1).Endpoint
	pid, _ := get(t, e, "/pid")
	_, res := get(t, e, "/child")
	if res.StatusCode != 200 || len(w.processes()) != 3 {
		t.Fatalf("child: %v", w.processes())
	}
	n, _ := strconv.Atoi(pid)
	kill(t, n)
	eventually(t, "started again", func() bool {
		return isOther(t, e, pid) && len(w.observe(v1).Drift) == 0
	})
	if n := len(w.processes()); n != 2 {
		t.Errorf("the child of the crashed process is left: %v", w.processes())
	}
	list, err := w.target.List(t.Context(), "shop", delivery.Scope{Place: "dev"})
	if err != nil || list[0].Restarts != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestDownAndUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	before := w.observe(v1)
	if err := w.target.Down(t.Context(), "shop", delivery.Scope{Place: "dev"}); err != nil {
		t.Fatal(err)
	}
	w.noStrays()
	if s := w.observe(v1); len(s.Drift) == 0 || s.Live != "v1" {
		t.Errorf("down: %+v", s)
	}
	if err := w.target.Up(t.Context(), "shop", delivery.Scope{}, all); err != nil {
		t.Fatal(err)
	}
	s := w.observe(v1)
	if body, _ := get(t, s.Endpoint, ""); body != "v1 /" || s.Endpoint.URL != before.Endpoint.URL || len(s.Drift) > 0 {
		t.Errorf("up: %q %+v", body, s)
	}
	kill(t, w.supervisor())
	if err := w.target.Down(t.Context(), "shop", delivery.Scope{}); err != nil {
		t.Fatal(err)
	}
	w.noStrays()
}

// Every step may have been done already, or half, by a command that was killed.
func TestStepsRepeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1, site := w.api("v1", local.Settings{Path: "/api"}), w.site("v1", local.Settings{}, map[string]string{"index.html": "one"})
	for _, p := range []delivery.Placement{v1, site} {
		for _, phase := range []delivery.Phase{delivery.Provision, delivery.Promote} {
			for _, step := range w.target.Plan(phase, p, w.observe(p)) {
				for range 3 {
					if _, err := w.target.Do(t.Context(), p, step, nil); err != nil {
						t.Fatalf("%s: %v", step.ID(), err)
					}
				}
			}
		}
	}
	if n := len(w.processes()); n != 2 {
		t.Errorf("%d processes: %v", n, w.processes())
	}
	v1.Remove = []string{"v1"}
	if got := w.actions(delivery.Prune, v1); len(got) > 0 {
		t.Errorf("the live one is to be removed: %v", got)
	}
	step := v1.Step(delivery.Prune, delivery.Remove, "remove", "", nil)
	if _, err := w.target.Do(t.Context(), v1, step, nil); !fault.Is(err, fault.Refused) {
		t.Errorf("removing the live one: %v", err)
	}
}

// An interruption at any time leaves what a repetition finishes.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	for i := range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*25)*time.Millisecond)
		for _, phase := range []delivery.Phase{delivery.Provision, delivery.Promote} {
			for _, step := range w.target.Plan(phase, v1, w.observe(v1)) {
				if _, err := w.target.Do(ctx, v1, step, nil); err != nil {
					break
				}
			}
		}
		cancel()
		if i%3 == 2 {
			if pids := w.processes(); len(pids) > 0 {
				for pid := range pids {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
	}
	w.live(v1)
	if body, _ := get(t, w.observe(v1).Endpoint, ""); body != "v1 /" {
		t.Errorf("%q", body)
	}
	if n := len(w.processes()); n != 2 {
		t.Errorf("%d processes: %v", n, w.processes())
	}
}

func TestUnhealthyRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	short := delivery.Duration(1500 * time.Millisecond)
	w.live(w.api("v1", local.Settings{}))
	for version, set := range map[string]local.Settings{
		"v2": {Env: map[string]string{"FAIL": "1"}},
		"v3": {Env: map[string]string{"SICK": "1"}, Health: "/health", HealthTimeout: short},
		"v4": {Command: []string{"/bin/nothing"}},
	} {
		p := w.api(version, set)
		err := w.phase(delivery.Provision, p)
		want := map[string]string{"v2": "flux capacitor", "v3": "status 500", "v4": "no program /bin/nothing"}[version]
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", version, err, want)
		}
		if s := w.observe(p); s.Live != "v1" || strings.Contains(strings.Join(s.Ready, " "), version) {
			t.Errorf("%s: %+v", version, s)
		}
		if err := w.phase(delivery.Promote, p); err == nil {
			t.Errorf("%s was promoted", version)
		}
		w.prune(p, version)
	}
	s := w.observe(w.api("v1", local.Settings{}))
	if len(s.Present) != 1 || len(s.Drift) > 0 || len(w.processes()) != 2 {
		t.Errorf("left behind: %+v %v", s, w.processes())
	}
}

// A port that another program took first answers, and is no proof of health.
func TestPortOfAProcessIsAnsweredByAnotherProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.api("v1", local.Settings{Env: map[string]string{"SILENT": "1"}, HealthTimeout: delivery.Duration(3 * time.Second)})
	provisioned := make(chan error, 1)
	go func() { provisioned <- w.phase(delivery.Provision, p) }()
	var port string
	eventually(t, "the process names its port", func() bool {
		logs, _ := filepath.Glob(filepath.Join(w.dir, "state", "*", "*", "components", "api", "versions", "v1", "output.log"))
		for _, path := range logs {
			raw, _ := os.ReadFile(path)
			_, port, _ = strings.Cut(string(raw), "service v1 on ")
		}
		return strings.Contains(port, "\n")
	})
	l, err := net.Listen("tcp", "127.0.0.1:"+strings.TrimSpace(port))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = <-provisioned
	if err == nil || !strings.Contains(err.Error(), "another program listens on port") {
		t.Errorf("%v", err)
	}
	if s := w.observe(p); s.Live != "" || len(s.Ready) > 0 {
		t.Errorf("%+v", s)
	}
}

func TestPortIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	p := w.api("v1", local.Settings{Port: port})
	err = w.phase(delivery.Provision, p)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), strconv.Itoa(port)) || !strings.Contains(fault.HintOf(err), "falkirk.yml") {
		t.Errorf("%v; hint %q", err, fault.HintOf(err))
	}
	l.Close()
	w.live(p)
	if got := w.observe(p).Endpoint.URL; got != fmt.Sprintf("http://127.0.0.1:%d/", port) {
		t.Error(got)
	}
	moved := w.api("v1", local.Settings{}) // no port asked for: the one there is kept
	if got := w.actions(delivery.Provision, moved); len(got) > 0 {
		t.Errorf("steps %v", got)
	}
}

func TestAlteredContentIsDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.site("v1", local.Settings{}, map[string]string{"index.html": "one", "b.html": "two"})
	w.live(p)
	var blob string
	err := filepath.WalkDir(w.dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, strings.TrimPrefix(digestOf([]byte("one")), "sha256:")) {
			blob = path
		}
		return err
	})
	if err := errors.Join(err, os.WriteFile(blob, []byte("changed"), 0o644)); err != nil {
		t.Fatal(err)
	}
	s := w.observe(p)
	if len(s.Drift) != 1 || len(s.Ready) != 0 {
		t.Errorf("%+v", s)
	}
	if _, res := get(t, s.Endpoint, ""); res.StatusCode != 500 {
		t.Errorf("altered content is served: %d", res.StatusCode)
	}
	w.must(delivery.Provision, p)
	if body, _ := get(t, s.Endpoint, ""); body != "one" || len(w.observe(p).Drift) > 0 {
		t.Errorf("not mended: %q", body)
	}
}

func TestDeletedPlaceEndsItsSupervisor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(w.api("v1", local.Settings{Env: map[string]string{"STUBBORN": "1"}, Stop: 1}))
	if err := os.RemoveAll(filepath.Join(w.dir, "state")); err != nil {
		t.Fatal(err)
	}
	w.noStrays()
}

func TestPlacesSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ports := map[string]bool{}
	failed := make(chan error, 3)
	for _, region := range []string{"eu", "us", "ap"} {
		w.region = region
		p := w.api("v1", local.Settings{})
		go func() { failed <- errors.Join(w.phase(delivery.Provision, p), w.phase(delivery.Promote, p)) }()
	}
	for range 3 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for _, region := range []string{"eu", "us", "ap"} {
		w.region = region
		e := w.observe(w.api("v1", local.Settings{})).Endpoint
		if body, _ := get(t, e, ""); body != "v1 /" || ports[e.URL] {
			t.Errorf("%s: %q at %s", region, body, e.URL)
		}
		ports[e.URL] = true
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.api("v1", local.Settings{})
	w.live(p)
	var out bytes.Buffer
	if err := w.target.Logs(t.Context(), p, "", false, &out); err != nil || !strings.Contains(out.String(), "service v1 on") {
		t.Errorf("%q %v", out.String(), err)
	}
	if err := w.target.Logs(t.Context(), p, "v9", false, &out); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such version: %v", err)
	}
}

func TestEnvironmentAndUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.image.User = "web"
	p := w.api("v1", local.Settings{
		Args: []string{"--port=$(PORT)", "$$(PORT)", "$(NOPE)"}, Env: map[string]string{"FROM": "settings", "ADDR": ":$(PORT)"},
	})
	w.live(p)
	who, _ := get(t, w.observe(p).Endpoint, "/who")
	port := ""
	if list, err := w.target.List(t.Context(), "shop", delivery.Scope{}); err == nil && len(list) == 1 {
		port = strconv.Itoa(list[0].Port)
	}
	want := []string{`"--port=` + port + `" "$(PORT)" "$(NOPE)"`, `"FROM=settings"`, `"ADDR=:` + port + `"`, `"FALKIRK_COMPONENT=api"`, `"PATH=/bin"`}
	if os.Getuid() == 0 {
		want = append(want, "4321 4322 /work ", `"HOME=/home/web"`)
	}
	for _, part := range want {
		if !strings.Contains(who, part) {
			t.Errorf("%s\nlacks %s", who, part)
		}
	}
	if strings.Contains(who, "GOCACHE") || strings.Contains(who, "USER=") {
		t.Errorf("the caller's environment leaks: %s", who)
	}
}

func TestWithoutIsolation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.image.Entrypoint = []string{"service"} // found in the image's PATH
	p := w.api("v1", local.Settings{Isolation: "none"})
	w.live(p)
	who, _ := get(t, w.observe(p).Endpoint, "/who")
	if !strings.Contains(who, "/v1/rootfs/work ") {
		t.Errorf("not in the image's working directory: %s", who)
	}
}

func TestChangedSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.live(w.api("v1", local.Settings{}))
	w.must(delivery.Provision, w.api("v2", local.Settings{}))
	changed := local.Settings{Env: map[string]string{"NEW": "1"}}
	w.must(delivery.Provision, w.api("v2", changed)) // not live: started anew
	if who, _ := get(t, w.observe(w.api("v2", changed)).Candidate, "/who"); !strings.Contains(who, "NEW=1") {
		t.Errorf("%s", who)
	}
	s := w.observe(w.api("v1", changed))
	if len(s.Drift) != 1 || !strings.Contains(s.Drift[0], "falkirk provision v1 --to dev takes them on") {
		t.Errorf("%+v", s)
	}
}

func TestPruneWithoutSupervisor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1, v2 := w.api("v1", local.Settings{}), w.api("v2", local.Settings{})
	w.live(v1)
	w.live(v2)
	kill(t, w.supervisor())
	eventually(t, "the supervisor is gone", func() bool { return len(w.processes()) == 2 })
	w.prune(v2, "v1")
	if s := w.observe(v2); !cmp.Equal(s.Present, []string{"v2"}) || len(w.processes()) != 1 {
		t.Errorf("%+v %v", s, w.processes())
	}
}

func TestPortMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	pid, _ := get(t, w.observe(v1).Endpoint, "/pid")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	moved := w.api("v1", local.Settings{Port: port})
	if s := w.observe(moved); len(s.Drift) != 1 {
		t.Errorf("drift %v", s.Drift)
	}
	w.must(delivery.Provision, moved)
	if now, _ := get(t, w.observe(moved).Endpoint, "/pid"); now != pid || len(w.observe(moved).Drift) > 0 {
		t.Errorf("%s became %s, %v", pid, now, w.observe(moved).Drift)
	}
}
