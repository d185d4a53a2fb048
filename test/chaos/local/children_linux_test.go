package local

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"falkirk/test/harness"
)

// A hook that runs on after falkirk and its guard were killed, or while both are
// stopped, ends before the next operation says done.
func TestAHookDoesNotOutliveItsOperation(t *testing.T) {
	t.Parallel()
	for what, trouble := range map[string]func(t *testing.T, all []int){
		"falkirk is killed, by its name": func(t *testing.T, all []int) { send(t, syscall.SIGKILL, named(all, "falkirk")) },
		"both are killed":                func(t *testing.T, all []int) { send(t, syscall.SIGKILL, all) },
		"both are stopped":               func(t *testing.T, all []int) { send(t, syscall.SIGSTOP, all) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := harness.New(t)
			app := filepath.Join(r.Dir, "falkirk.yml")
			raw, err := os.ReadFile(app)
			must(t, err)
			hooked := "lock: {lease: 2s, request: 500ms}\n" + strings.Replace(string(raw), "  - name: dev\n",
				"  - name: dev\n    hooks:\n      - {name: slow, when: before promote, command: {shell: 'sh -c \"while :; do echo x >> late; sleep 0.02; done\"'}}\n", 1)
			r.Pack(t, "1", "2")
			r.Must(t, "provision", "1", "--to", "dev", "--yes")
			r.Must(t, "provision", "2", "--to", "dev", "--yes")
			must(t, os.WriteFile(app, []byte(hooked), 0o644))
			first := r.Command(t.Context(), "promote", "1", "--to", "dev", "--yes")
			must(t, first.Start())
			waitFor(t, func() bool { _, err := os.Stat(filepath.Join(r.Dir, "late")); return err == nil })
			all := append([]int{first.Process.Pid}, children(t, first.Process.Pid)...)
			if len(all) < 2 {
				t.Fatalf("falkirk has no guard: %v", all)
			}
			trouble(t, all)
			must(t, os.WriteFile(app, []byte("lock: {lease: 2s, request: 500ms}\n"+string(raw)), 0o644))
			waitFor(t, func() bool {
				d := r.Run(t, "promote", "2", "--to", "dev", "--yes")
				if d.Code != 0 && d.Code != 5 {
					t.Fatalf("promote 2: exit code %d\n%s", d.Code, d.Err)
				}
				return d.Code == 0 // 5 while the former holder's lease runs
			})
			if left := running(r, "echo x >> late"); len(left) > 0 {
				t.Errorf("promote 2 says done, and of the hook before it there run: %v", left)
			}
			send(t, syscall.SIGCONT, all)
			_ = first.Wait() // killed, or told that it holds nothing any more
			r.Serves(t, "dev", "2")
		})
	}
}

// running are the processes of the app with this in their command line.
func running(r *harness.App, text string) []string {
	return slices.DeleteFunc(r.Processes(), func(p string) bool { return !strings.Contains(p, text) })
}

func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatal("it does not come to that within 20 s")
		}
		time.Sleep(5 * time.Millisecond) // wait for the fact; the deadline fails the test
	}
}

// children are the processes that a process has started.
func children(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output()
	must(t, err)
	var all []int
	for line := range strings.Lines(string(out)) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		must(t, err)
		all = append(all, n)
	}
	return all
}

// named are those that the system lists under this name.
func named(all []int, name string) []int {
	return slices.DeleteFunc(slices.Clone(all), func(pid int) bool {
		comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
		return strings.TrimSpace(string(comm)) != name
	})
}

func send(t *testing.T, s syscall.Signal, all []int) {
	t.Helper()
	if len(all) == 0 {
		t.Error("no process has that name")
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, s) // it may have ended
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
