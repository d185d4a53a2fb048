//go:build linux

package local_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
)

// asked sends requests without a pause until it is ended, and says what was not
// answered as it should be.
func asked(t *testing.T, e delivery.Endpoint) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	wrong, count := []string{}, 0
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			body, res, err := fetch(ctx, e, "/x")
			switch {
			case ctx.Err() != nil:
			case err != nil:
				wrong = append(wrong, err.Error())
			case res.StatusCode != 200 || !strings.HasSuffix(body, " /x"):
				wrong = append(wrong, res.Status+" "+body)
			}
			count++
		}
	}()
	return func() {
		t.Helper()
		cancel()
		<-done
		if len(wrong) > 0 || count < 5 {
			t.Errorf("%d of %d requests were not answered, as %q", len(wrong), count, wrong[:min(3, len(wrong))])
		}
	}
}

// passSecond lets the supervisor look at its files more than once. It looks each
// second, and nothing tells that it has looked and found nothing to do.
func passSecond(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2200 * time.Millisecond); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		if !is() {
			t.Fatal("it does not go on")
		}
	}
}

func (w *world) lose() {
	w.t.Helper()
	if err := os.RemoveAll(w.state()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) answers(e delivery.Endpoint) func() bool {
	return func() bool {
		_, res, err := fetch(w.t.Context(), e, "/x")
		return err == nil && res.StatusCode == 200
	}
}

// A supervisor whose folder was deleted goes on, is told of by status and the list,
// and is adopted by the next command. No request is lost.
func TestLostFolderIsAdopted(t *testing.T) {
	t.Parallel()
	for name, phase := range map[string]delivery.Phase{"provision": delivery.Provision, "promote": delivery.Promote} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newAppWorld(t)
			v1, web := w.api("v1", local.Settings{Path: "/api", Strip: true}), w.site("v1", local.Settings{}, map[string]string{"index.html": "one"})
			w.live(v1)
			w.live(web)
			before := w.observe(v1)
			pid, _ := get(t, before.Endpoint, "/pid")
			end := asked(t, before.Endpoint)
			supervisor := w.supervisor()
			w.lose()
			passSecond(t, w.answers(before.Endpoint))

			s := w.observe(v1)
			if s.Live != "v1" || len(s.Drift) != 1 || !strings.Contains(s.Drift[0], "falkirk provision v1 --to dev adopts") || s.Endpoint.URL != before.Endpoint.URL {
				t.Errorf("after the loss: %+v", s)
			}
			if list, err := w.target.List(t.Context(), "shop", delivery.Scope{Place: "dev"}); err != nil || len(list) != 2 || list[0].Health != "healthy" || list[0].Error != "the state folder was deleted" {
				t.Errorf("%+v %v", list, err)
			}
			if _, err := os.Stat(w.state()); err == nil {
				t.Error("looking has written the folder")
			}
			if got := w.actions(delivery.Promote, v1); !cmp.Equal(got, []string{"supervise"}) {
				t.Errorf("promote plans %v", got)
			}
			w.must(phase, v1)
			if phase == delivery.Promote {
				if now, _ := get(t, before.Endpoint, "/pid"); now != pid {
					t.Errorf("process %s became %s", pid, now)
				}
				if s := w.observe(v1); len(s.Drift) != 1 || !strings.Contains(s.Drift[0], "its files were deleted; falkirk provision v1 --to dev") {
					t.Errorf("%v", s.Drift)
				}
			}
			w.must(delivery.Provision, v1)
			w.must(delivery.Provision, web)
			end()
			if s := w.observe(v1); len(s.Drift) > 0 || s.Live != "v1" || s.Endpoint.URL != before.Endpoint.URL || w.supervisor() != supervisor {
				t.Errorf("after %s: %+v", phase, s)
			}
			if now, _ := get(t, before.Endpoint, "/pid"); now == pid {
				t.Error("the process still runs from deleted files")
			}
			if s := w.observe(web); len(s.Drift) > 0 || s.Live != "v1" {
				t.Errorf("the site: %+v", s)
			}
			if body, _ := get(t, w.observe(web).Endpoint, "/"); body != "one" {
				t.Errorf("the site answers %q", body)
			}
			eventually(t, "the process before has ended", func() bool { return len(w.processes()) == 2 })
			v2 := w.api("v2", local.Settings{Path: "/api", Strip: true})
			w.live(v2)
			w.prune(v2, "v1")
		})
	}
}

// What is deleted slowly, or in part, is not taken for a command to stop it.
func TestFolderIsDeletedSlowly(t *testing.T) {
	t.Parallel()
	w := newAppWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	e := w.observe(v1).Endpoint
	end := asked(t, e)
	if err := os.RemoveAll(filepath.Join(w.state(), "shop", "dev~eu", "components")); err != nil {
		t.Fatal(err)
	}
	passSecond(t, w.answers(e))
	w.lose()
	w.must(delivery.Provision, v1)
	end()
	if s := w.observe(v1); len(s.Drift) > 0 || s.Live != "v1" {
		t.Errorf("%+v", s)
	}
}

// Where the supervisor was killed too, the processes are found, stopped and the
// release is started again; by `down` they are stopped.
func TestOrphansAreFound(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"provision", "down"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w, other := newAppWorld(t), newAppWorld(t)
			v1 := w.api("v1", local.Settings{})
			w.live(v1)
			other.live(v1)
			theirs, _ := get(t, other.observe(v1).Endpoint, "/pid")
			pid, _ := get(t, w.observe(v1).Endpoint, "/pid")
			kill(t, w.supervisor())
			eventually(t, "the supervisor is gone", func() bool { return len(w.processes()) == 1 })
			if s := w.observe(v1); strings.Contains(strings.Join(s.Drift, ""), "deleted") {
				t.Errorf("nothing is lost yet: %v", s.Drift)
			}
			w.lose()

			s := w.observe(v1)
			if len(s.Drift) != 1 || !strings.Contains(s.Drift[0], "api v1 (process "+pid+"); falkirk converge dev stops them and starts v1 again") {
				t.Errorf("%v", s.Drift)
			}
			list, err := w.target.List(t.Context(), "shop", delivery.Scope{})
			if err != nil || len(list) != 1 || list[0].Health != "orphaned" || strconv.Itoa(list[0].PID) != pid {
				t.Errorf("%+v %v", list, err)
			}
			if err := w.target.Up(t.Context(), "shop", delivery.Scope{}, all); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "falkirk provision VERSION --to dev") {
				t.Errorf("up: %v", err)
			}
			if how == "down" {
				if err := w.target.Down(t.Context(), "shop", delivery.Scope{Place: "dev"}); err != nil {
					t.Fatal(err)
				}
				w.noStrays()
			} else {
				step := w.target.Plan(delivery.Provision, v1, s)[0]
				if !strings.Contains(step.Summary, "api v1 (process "+pid+")") {
					t.Errorf("the plan says %q", step.Summary)
				}
				w.live(v1)
				if now, _ := get(t, w.observe(v1).Endpoint, "/pid"); now == pid || len(w.processes()) != 2 || len(w.observe(v1).Drift) > 0 {
					t.Errorf("%s became %s: %v", pid, now, w.processes())
				}
			}
			if now, _ := get(t, other.observe(v1).Endpoint, "/pid"); now != theirs || len(other.observe(v1).Drift) > 0 {
				t.Errorf("the other checkout was touched: %s became %s, %v", theirs, now, other.observe(v1).Drift)
			}
		})
	}
}

// Down and up work on a place whose folder was deleted.
func TestLostPlaceGoesDownAndUp(t *testing.T) {
	t.Parallel()
	w := newAppWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	before := w.observe(v1)
	w.lose()
	if err := w.target.Up(t.Context(), "shop", delivery.Scope{Place: "dev"}, all); err != nil {
		t.Fatal(err)
	}
	if !w.answers(before.Endpoint)() {
		t.Error("it does not answer after up")
	}
	w.lose()
	if err := w.target.Down(t.Context(), "shop", delivery.Scope{Place: "dev"}); err != nil {
		t.Fatal(err)
	}
	w.noStrays()
	w.must(delivery.Provision, v1)
	if s := w.observe(v1); s.Live != "v1" || len(s.Drift) > 0 || s.Endpoint.URL != before.Endpoint.URL {
		t.Errorf("%+v", s)
	}
}

// With the folder of the app everything of it ends, also where another one has
// taken its name.
func TestDeletedAppEndsItsSupervisor(t *testing.T) {
	t.Parallel()
	w := newAppWorld(t)
	w.live(w.api("v1", local.Settings{}))
	app := filepath.Join(w.dir, "app")
	if err := os.Rename(app, app+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(app, 0o755); err != nil {
		t.Fatal(err)
	}
	w.lose()
	w.noStrays()
}

// A port that another place of this machine has is told so.
func TestPortOfAnotherPlace(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	w, other := newAppWorld(t), newAppWorld(t)
	v1 := w.api("v1", local.Settings{Port: port})
	other.live(v1)
	err = w.phase(delivery.Provision, v1)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), filepath.Join(other.state(), "shop", "dev~eu")) || !strings.Contains(fault.HintOf(err), "falkirk local down") {
		t.Errorf("%v; %s", err, fault.HintOf(err))
	}
}
