//go:build unix

package command

import (
	"context"
	"encoding/json"
	"fmt"
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
	"falkirk/internal/guard"
)

const hidden = "falkirk-test-guard"

// self leads to guard.Main in this test binary.
func self() []string { return []string{os.Args[0], hidden} }

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == hidden {
		if err := guard.Main(context.Background(), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0") // or each guard waits a second at its end
	os.Exit(m.Run())
}

// same is the redactor of an app without secrets.
func same(text string) string { return text }

func question(t *testing.T, s Settings) delivery.Question {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Question{Gate: "smoke", Settings: raw, When: delivery.After(delivery.Provision)}
}

func ask(t *testing.T, root string, s Settings) delivery.Verdict {
	t.Helper()
	v, err := New(root, os.Environ(), self(), same).Ask(t.Context(), question(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(v.Reason, "\r\n") || v.Reason == "" {
		t.Errorf("the reason is no line: %q", v.Reason)
	}
	return v
}

func TestExitCodeDecides(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]delivery.Verdict{
		"exit 0":                         {Answer: delivery.Open, Reason: "exit 0 ended with exit status 0"},
		"echo all well":                  {Answer: delivery.Open, Reason: "echo all well ended with exit status 0: all well", Output: "all well\n"},
		"echo a; echo b >&2; exit 75":    {Answer: delivery.Waiting, Reason: "echo a; echo b >&2; exit 75 ended with exit status 75: b", Output: "a\nb\n"},
		"exit 1":                         {Answer: delivery.Shut, Reason: "exit 1 ended with exit status 1"},
		"exit 74":                        {Answer: delivery.Shut, Reason: "exit 74 ended with exit status 74"},
		"printf 'a\\nwhy\\n\\n'; exit 2": {Answer: delivery.Shut, Reason: `printf 'a\nwhy\n\n'; exit 2 ended with exit status 2: why`, Output: "a\nwhy\n\n"},
		"kill -9 $$":                     {Answer: delivery.Shut, Reason: "kill -9 $$ ended with signal: killed"},
	} {
		if d := cmp.Diff(want, ask(t, t.TempDir(), Settings{Shell: Shell{Run: line}})); d != "" {
			t.Errorf("%s: %s", line, d)
		}
	}
}

func TestWhatCannotStartIsClosed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	plain := filepath.Join(root, "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Settings{
		{Run: []string{"no-such-program-anywhere", "x"}},
		{Run: []string{plain}},
		{Shell: Shell{Run: "exit 0"}, Dir: "no/such/folder"},
	} {
		v := ask(t, root, s)
		if v.Answer != delivery.Shut || !strings.Contains(v.Reason, s.command()) || !strings.Contains(v.Reason, "cannot be run") {
			t.Errorf("%s: %+v", s, v)
		}
	}
}

func TestArgumentsAndFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sub", "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	v := ask(t, root, Settings{Run: []string{"sh", "-c", `pwd -P; printf '%s|' "$@"`, "sh", "a b", "$HOME", "*"}, Dir: "sub/dir"})
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(real, "sub", "dir") + "\na b|$HOME|*|"; v.Output != want {
		t.Errorf("the output is %q, want %q", v.Output, want)
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	q := question(t, Settings{Shell: Shell{Run: "env"}, Env: map[string]string{"MINE": "x y", "INHERITED": "over"}})
	q.Operation = delivery.Operation{ID: "op1", App: "demo", Environment: "prd", Version: "v2", Actor: "ann@host"}
	q.Place = delivery.Place{Environment: "prd", Account: "main", Region: "eu-1"}
	q.Before = map[string]string{"web-ui": "v1", "api": "v1", "new": ""}
	q.Serving = map[string]delivery.Endpoint{
		"web-ui": {URL: "http://127.0.0.1:1"},
		"api":    {URL: "http://127.0.0.1:2", Header: map[string]string{"X-Release": "v2", "A": "b"}},
	}
	inherited := []string{"PATH=" + os.Getenv("PATH"), "INHERITED=yes", "FALKIRK_VERSION=old", "FALKIRK_URL_GONE=x"}
	v, err := New(t.TempDir(), inherited, self(), same).Ask(t.Context(), q)
	if err != nil || v.Answer != delivery.Open {
		t.Fatal(v, err)
	}
	for _, want := range []string{
		"FALKIRK_APP=demo", "FALKIRK_ENVIRONMENT=prd", "FALKIRK_REGION=eu-1", "FALKIRK_ACCOUNT=main", "FALKIRK_VERSION=v2",
		"FALKIRK_PREVIOUS=v1", "FALKIRK_PREVIOUS_WEB_UI=v1", "FALKIRK_OPERATION=op1", "FALKIRK_ACTOR=ann@host",
		"FALKIRK_MOMENT=after provision", "FALKIRK_URL_WEB_UI=http://127.0.0.1:1", "FALKIRK_URL_API=http://127.0.0.1:2",
		"FALKIRK_HEADERS_WEB_UI=", "FALKIRK_HEADERS_API=A: b\nX-Release: v2", "MINE=x y", "INHERITED=over",
	} {
		if !strings.Contains("\n"+v.Output, "\n"+want+"\n") {
			t.Errorf("%s is not there in\n%s", want, v.Output)
		}
	}
	if strings.Contains(v.Output, "GONE") {
		t.Error("a variable of an outer falkirk is inherited")
	}
}

// tree is a command that starts another, writes both PIDs, and does not end.
func tree(file string) string {
	return "trap '' TERM; sleep 1000 & echo $$ $! > " + file + ".part; mv " + file + ".part " + file + "; wait; wait; sleep 1000"
}

func pids(t *testing.T, file string) []int {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, f := range strings.Fields(string(raw)) {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	if len(all) != 2 {
		t.Fatalf("the PIDs are %q", raw)
	}
	return all
}

// wantDead waits until no process of these runs.
func wantDead(t *testing.T, all []int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range all {
		for isRunning(pid) {
			if time.Now().After(deadline) {
				t.Errorf("process %d still runs", pid)
				_ = syscall.Kill(pid, syscall.SIGKILL)
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// isRunning is false for a process that only waits to be reaped.
func isRunning(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(raw), ") Z ")
}

func TestTimeoutStopsEverything(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: tree(file)}, Timeout: delivery.Duration(500 * time.Millisecond)})
	if v.Answer != delivery.Shut || !strings.Contains(v.Reason, "did not end within 500ms") {
		t.Errorf("the verdict is %+v", v)
	}
	wantDead(t, pids(t, file))
}

func TestAnAnswerToBeingStoppedIsNone(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"0", "75"} {
		v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: "trap 'exit " + code + "' TERM; sleep 1000 & wait"}, Timeout: delivery.Duration(300 * time.Millisecond)})
		if v.Answer != delivery.Shut || !strings.Contains(v.Reason, "did not end within") {
			t.Errorf("exit %s: %+v", code, v)
		}
	}
}

func TestCancelStopsEverythingAndIsNoVerdict(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for {
			if _, err := os.Stat(file); err == nil || ctx.Err() != nil {
				cancel()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	v, err := New(t.TempDir(), os.Environ(), self(), same).Ask(ctx, question(t, Settings{Shell: Shell{Run: tree(file)}, Timeout: delivery.Duration(30 * time.Second)}))
	if !fault.Is(err, fault.Interrupted) || v.Answer != "" {
		t.Errorf("%+v, %v", v, err)
	}
	wantDead(t, pids(t, file))
}

func TestWhatIsLeftRunningIsKilledAndHoldsNothingUp(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: "sleep 1000 & echo $! $! > " + file + "; echo fine"}})
	if v.Answer != delivery.Open || !strings.HasSuffix(v.Reason, ": fine") {
		t.Errorf("the verdict is %+v", v)
	}
	wantDead(t, pids(t, file))
}

func TestOutputIsTheEnd(t *testing.T) {
	t.Parallel()
	v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: `i=0; while [ $i -lt 20000 ]; do echo "line number $i"; i=$((i+1)); done; printf 'bad \377\nthe end'; exit 1`}})
	if len(v.Output) > most || len(v.Output) < most-1000 || !strings.HasSuffix(v.Output, "line number 19999\nbad ?\nthe end") {
		t.Errorf("the output has %d bytes and ends %q", len(v.Output), v.Output[max(0, len(v.Output)-50):])
	}
	if !strings.HasSuffix(v.Reason, ": the end") {
		t.Errorf("the reason is %q", v.Reason)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	all := make([]byte, 5*most)
	for i := range all {
		all[i] = byte('a' + i%23)
	}
	for _, size := range []int{1000, most - 1, most, most + 1, 2 * most} {
		out := &tail{}
		for rest := all; len(rest) > 0; {
			n, err := out.Write(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if out.end(same) != string(all[len(all)-most:]) {
			t.Errorf("in pieces of %d the end is another", size)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s    Settings
		want []string // paths
	}{
		{Settings{Shell: Shell{Run: "true"}}, nil},
		{Settings{Run: []string{"make", "", "test"}, Dir: "a/b", Env: map[string]string{"A": ""}}, nil},
		{Settings{}, []string{""}},
		{Settings{Run: []string{""}}, []string{"run.0"}},
		{Settings{Run: []string{"a", "b\x00"}}, []string{"run.1"}},
		{Settings{Run: []string{"a"}, Shell: Shell{Run: "b\x00"}}, []string{"shell", "shell"}},
		{Settings{Shell: Shell{Run: "x"}, Dir: "../x", Timeout: -1}, []string{"timeout", "dir"}},
		{Settings{Shell: Shell{Run: "x"}, Dir: "/abs"}, []string{"dir"}},
		{Settings{Shell: Shell{Run: "x"}, Env: map[string]string{"": "", "A=B": "", "FALKIRK_APP": "", "Z": "\x00"}}, []string{"env.", "env.A=B", "env.FALKIRK_APP", "env.Z"}},
	} {
		var got []string
		for _, p := range c.s.Check() {
			got = append(got, strings.Join(p.Path, "."))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v: %s", c.s, d)
		}
	}
}
