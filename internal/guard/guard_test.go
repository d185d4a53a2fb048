//go:build linux

package guard_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"falkirk/internal/fence"
	"falkirk/internal/guard"
)

func TestHowACommandEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for text, want := range map[string]string{
		"exit 0": "exit status 0", "exit 75": "exit status 75", "exit 255": "exit status 255",
		"kill -9 $$": "signal: killed", "kill -TERM $$": "signal: terminated",
	} {
		r, out, err := w.run(t.Context(), "echo to out; echo to err >&2; "+text)
		if err != nil || r.String() != want || out != "to out\nto err\n" || len(r.Left)+len(r.Remain) > 0 || r.Stopped || r.Expired {
			t.Errorf("%s: %s %+v %q %v", text, r, r, out, err)
		}
	}
	for _, argv := range [][]string{{"no-such-program-anywhere"}, {w.dir}, {filepath.Join(w.dir, "nothing")}} {
		r, err := guard.Command{Self: self(), Argv: argv, Env: os.Environ()}.Run(t.Context())
		if err != nil || r.Error == "" {
			t.Errorf("%q: %+v %v", argv, r, err)
		}
	}
}

func TestWhatACommandLeavesIsEndedAndNamed(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"daemon": "", "without environment": "clean"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			began := time.Now()
			r, out, err := w.run(t.Context(), w.daemon("daemon", more)+"echo done")
			if err != nil || r.Code != 0 || out != "done\n" {
				t.Fatalf("%+v %q %v", r, out, err)
			}
			pid := w.pid("daemon")
			if !slices.ContainsFunc(r.Left, func(p guard.Process) bool { return p.PID == pid && p.Name != "" }) || len(r.Remain) > 0 {
				t.Errorf("the daemon is process %d: %+v", pid, r)
			}
			w.nothingRuns(100 * time.Millisecond)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestWhatEndsByItselfIsNotNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, out, err := w.run(t.Context(), "{ sleep 0.1; echo late; } & echo first")
	if err != nil || len(r.Left) > 0 || out != "first\nlate\n" {
		t.Errorf("%+v %q %v", r, out, err)
	}
}

func TestAnInterruptEndsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		w.pid("daemon")
	}()
	r, _, err := w.run(ctx, w.hangs())
	if err != nil || !r.Stopped || r.Code == 0 || len(r.Remain) > 0 {
		t.Errorf("%+v %v", r, err)
	}
	w.nothingRuns(100 * time.Millisecond)
}

func TestAKilledFalkirkTakesItsCommandsWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd, _ := w.start("0s", w.hangs())
	w.pid("daemon")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	w.nothingRuns(5 * time.Second)
}

func TestAStoppedFalkirkDoesNotKeepItsCommandsPastTheLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now()
	cmd, wait := w.start("3s", w.hangs())
	pid := w.pid("daemon")
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.until("the daemon is gone", func() bool {
		if time.Since(began) < 2*time.Second && syscall.Kill(pid, 0) != nil {
			t.Fatalf("the daemon was killed %s after falkirk began, before its lease ran out", time.Since(began))
		}
		return syscall.Kill(pid, 0) != nil
	})
	if late := time.Since(began) - 3*time.Second; late > 5*time.Second {
		t.Errorf("the daemon was killed %s too late", late)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if r := wait(); !r.Lost || !r.Result.Expired {
		t.Errorf("falkirk is told %+v", r)
	}
	w.nothingRuns(100 * time.Millisecond)
}

func TestARenewedLeaseKeepsTheCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := fence.New(nil, fence.SinceBoot()+2*time.Second, "promote 2")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				if f.Extend(fence.SinceBoot()+2*time.Second) != nil {
					return
				}
			}
		}
	}()
	r, out, err := w.run(fence.With(t.Context(), f), "sleep 3; echo lived")
	if err != nil || out != "lived\n" || r.Code != 0 {
		t.Errorf("%+v %q %v", r, out, err)
	}
}

func TestALostLeaseEndsTheCommandAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := fence.New(nil, fence.SinceBoot()+time.Hour, "promote 2")
	go func() {
		w.pid("daemon")
		_ = f.Close("taken over")
	}()
	_, _, err := w.run(fence.With(t.Context(), f), w.hangs())
	if !errors.Is(err, fence.ErrLost) || !strings.Contains(err.Error(), "taken over") {
		t.Errorf("%v", err)
	}
	w.nothingRuns(100 * time.Millisecond)
	if _, out, err := w.run(fence.With(t.Context(), f), "echo ran"); !errors.Is(err, fence.ErrLost) || out != "" {
		t.Errorf("a command began without the lease: %q %v", out, err)
	}
}

// The guard is what an administrator or the kernel may kill, too.
func TestAKilledGuardTakesTheCommandWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	go func() {
		w.pid("daemon")
		raw, _ := os.ReadFile(w.file("guard"))
		if pid, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}()
	_, _, err := w.run(t.Context(), "echo $PPID > "+w.file("guard")+"\nsleep 1000 &\n"+w.hangs())
	if err == nil || !strings.Contains(err.Error(), "the guard process of the command ended (signal: killed)") {
		t.Errorf("%v", err)
	}
	w.nothingRuns(5 * time.Second)
}

func TestManyCommandsLeaveNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := openFiles(t)
	began := time.Now()
	const many = 200
	if err := each(many, 8, func(int) error {
		r, out, err := w.run(t.Context(), "echo one")
		if err == nil && (r.Code != 0 || out != "one\n" || len(r.Left) > 0) {
			err = errors.New(r.String() + " " + out)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s for each of %d commands, eight side by side", time.Since(began)/many, many)
	w.until("all files are closed", func() bool { return openFiles(t) <= before+30 }) // of the tests beside this one
	w.nothingRuns(time.Second)
}

func each(n, workers int, do func(int) error) error {
	slots, errs := make(chan struct{}, workers), make(chan error, n)
	for i := range n {
		slots <- struct{}{}
		go func() {
			errs <- do(i)
			<-slots
		}()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestMarkedFindsByEnvironmentAndByProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	program := w.file("inside/bin/sleep")
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, raw, 0o700); err != nil {
		t.Fatal(err)
	}
	marked, inside := exec.Command("sleep", "1000"), exec.Command(program, "1000")
	marked.Env = append(os.Environ(), "MARK="+w.dir)
	for _, cmd := range []*exec.Cmd{marked, inside} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	}
	has := func(all []guard.Process, cmd *exec.Cmd) bool {
		return slices.ContainsFunc(all, func(p guard.Process) bool { return p.PID == cmd.Process.Pid })
	}
	w.until("both are found", func() bool {
		all := guard.Marked("MARK="+w.dir, w.file("inside"))
		return len(all) == 2 && has(all, marked) && has(all, inside)
	})
	if all := guard.Marked("MARK="+w.dir+"x", w.file("insid")); len(all) > 0 {
		t.Errorf("found %v", all)
	}
}

// When falkirk and the guard are killed together, nobody is left to look for
// processes: the command itself still ends.
func TestACommandEndsWhenFalkirkAndItsGuardAreKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd, _ := w.start("0s", "echo $PPID > "+w.file("guard.part")+"; mv "+w.file("guard.part")+" "+w.file("guard")+
		"; trap '' TERM HUP; while :; do sleep 0.05; done")
	guard := w.pid("guard")
	// A stopped falkirk cannot do anything for its command.
	for _, kill := range []func() error{
		func() error { return cmd.Process.Signal(syscall.SIGSTOP) },
		func() error { return syscall.Kill(guard, syscall.SIGKILL) },
		cmd.Process.Kill,
	} {
		if err := kill(); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait()
	w.nothingRuns(5 * time.Second)
}

// Processes are found by the beginning of a variable, and told with it.
func TestStartedWith(t *testing.T) {
	t.Parallel()
	name := "FALKIRK_TEST_" + rand.Text() + "="
	cmd := exec.Command("sleep", "1h")
	cmd.Env = []string{"A=" + name, name + "one"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	all := guard.StartedWith(name, "")
	if len(all) != 1 || all[0].PID != cmd.Process.Pid || !slices.Equal(all[0].Env, []string{name + "one"}) || all[0].UID != os.Getuid() {
		t.Errorf("%+v", all)
	}
	if all := guard.StartedWith(name+"two", ""); len(all) > 0 {
		t.Errorf("%+v", all)
	}
}
