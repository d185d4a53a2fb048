//go:build linux

package guard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"falkirk/internal/fence"
	"falkirk/internal/guard"
)

// What this test binary is when it is started with one of these as its first
// argument.
const (
	asGuard   = "test-guard"   // a guard
	asDaemon  = "test-daemon"  // starts a process in a session of its own, and ends
	asForever = "test-forever" // that process: ignores SIGTERM and keeps the output open
	asFalkirk = "test-falkirk" // runs one command under a guard, as falkirk does
)

func TestMain(m *testing.M) {
	modes := map[string]func([]string) error{
		asGuard:   func(args []string) error { return guard.Main(context.Background(), args) },
		asDaemon:  daemonize,
		asForever: forever,
		asFalkirk: falkirk,
	}
	if len(os.Args) > 1 && modes[os.Args[1]] != nil {
		if err := modes[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // or each guard waits a second at its end
	os.Exit(m.Run())
}

func daemonize(args []string) error {
	cmd := exec.Command(os.Args[0], append([]string{asForever}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if len(args) > 1 {
		cmd.Env = []string{} // as sudo and many daemons do
	}
	return cmd.Start()
}

func forever(args []string) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	if err := os.WriteFile(args[0]+".part", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	if err := os.Rename(args[0]+".part", args[0]); err != nil {
		return err
	}
	<-time.After(time.Hour)
	return nil
}

// falkirk runs a command with a lease of some milliseconds; 0 is none, and a
// third argument renews it that often.
func falkirk(args []string) error {
	lease, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	ctx := context.Background()
	if lease > 0 {
		ctx = fence.With(ctx, fence.New(nil, fence.SinceBoot()+lease, "promote 2"))
	}
	out := &bytes.Buffer{}
	r, err := guard.Command{Self: self(), Argv: args[1:], Env: os.Environ(), Output: out}.Run(ctx)
	said := report{Result: r, Output: out.String()}
	if err != nil {
		said.Err, said.Lost = err.Error(), errors.Is(err, fence.ErrLost)
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}

// report is what falkirk prints.
type report struct {
	Result guard.Result
	Output string
	Err    string
	Lost   bool
}

func self() []string { return []string{os.Args[0], asGuard} }

// world is a folder of one test. A daemon writes its PID to a file there.
type world struct {
	*testing.T
	dir string
}

func newWorld(t *testing.T) world { return world{t, t.TempDir()} }

func (w world) file(name string) string { return filepath.Join(w.dir, name) }

// daemon is shell text that starts a process that leaves group and session, and
// goes on once it runs.
func (w world) daemon(name string, more ...string) string {
	return fmt.Sprintf("%s %s %s %s; until test -e %s; do sleep 0.01; done\n",
		os.Args[0], asDaemon, w.file(name), strings.Join(more, " "), w.file(name))
}

// hangs is shell text that starts a daemon and does not end.
func (w world) hangs() string { return w.daemon("daemon") + "trap '' TERM; sleep 1000; sleep 1000" }

func (w world) run(ctx context.Context, text string) (guard.Result, string, error) {
	out := &bytes.Buffer{}
	r, err := guard.Command{Self: self(), Argv: []string{"sh", "-c", text}, Dir: w.dir, Env: os.Environ(), Output: out}.Run(ctx)
	return r, out.String(), err
}

// pid waits until a daemon has written its PID.
func (w world) pid(name string) int {
	w.Helper()
	var pid int
	w.until("the daemon "+name+" runs", func() bool {
		raw, err := os.ReadFile(w.file(name))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(raw)))
		return err == nil
	})
	return pid
}

// until waits for a fact.
func (w world) until(what string, is func() bool) {
	w.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); {
		if time.Now().After(end) {
			w.Fatalf("not in time: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// nothingRuns waits until no process has this test's folder in its arguments.
func (w world) nothingRuns(limit time.Duration) {
	w.Helper()
	var left []string
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if left = w.processes(); len(left) == 0 {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	w.Errorf("these processes still run: %q", left)
}

func (w world) processes() []string {
	var all []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		raw, err := os.ReadFile(line)
		if err == nil && bytes.Contains(raw, []byte(w.dir)) {
			all = append(all, strings.ReplaceAll(string(raw), "\x00", " "))
		}
	}
	return all
}

// start starts falkirk in another process.
func (w world) start(lease, text string) (*exec.Cmd, func() report) {
	w.Helper()
	cmd := exec.Command(os.Args[0], asFalkirk, lease, "sh", "-c", text)
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, func() report {
		w.Helper()
		var r report
		if err := cmd.Wait(); err != nil {
			w.Fatal(err)
		}
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			w.Fatalf("%v: %s", err, out)
		}
		return r
	}
}
