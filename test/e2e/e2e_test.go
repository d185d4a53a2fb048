// Package e2e runs the real command line as its users do: a script per
// behaviour, the exit code, and what there is afterwards.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata", func(*testscript.Env) error { return nil })
}

// TestScriptsThroughJSON runs the same with every request and every result of a use
// case carried as JSON: what a use case needs is in its request, and what is shown
// is in its result.
func TestScriptsThroughJSON(t *testing.T) {
	t.Parallel()
	runScriptsWith(t, harness.JSONFace(t), "testdata", func(*testscript.Env) error { return nil })
}

// TestAWSScripts runs those of the folder aws against one moto, with the AWS CLI
// at hand. Accounts and buckets of scripts have names of their own.
func TestAWSScripts(t *testing.T) {
	t.Parallel()
	awsScripts(t, "aws", emulators.Moto(t))
}

// TestNetworkScripts runs those of the folder network: one for each cause that the
// network or the credentials can be wrong by.
func TestNetworkScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "network", func(env *testscript.Env) error {
		for _, e := range os.Environ() {
			if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
				env.Setenv(name, "")
			}
		}
		env.Setenv("AWS_REGION", "eu-central-1")
		env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		env.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
		env.Setenv("AWS_SECRET_ACCESS_KEY", "never-shown")
		env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "config"))
		env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "credentials"))
		return os.WriteFile(filepath.Join(env.WorkDir, "falkirk.yml"), []byte(networkApp), 0o600)
	})
}

// TestStackScripts runs those of the folder stacks against one ministack, which
// knows stacks better and one account only.
func TestStackScripts(t *testing.T) {
	t.Parallel()
	awsScripts(t, "stacks", emulators.Ministack(t, "444444444444"))
}

func awsScripts(t *testing.T, dir string, server *emulators.Server) {
	t.Helper()
	tools := python.AWSFolder(t)
	runScripts(t, dir, func(env *testscript.Env) error {
		for _, e := range server.Env() {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
				env.Setenv(name, value)
			}
		}
		env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+tools)
		return nil
	})
}

func runScripts(t *testing.T, dir string, more func(*testscript.Env) error) {
	t.Helper()
	falkirk, _ := harness.Programs(t)
	runScriptsWith(t, falkirk, dir, more)
}

func runScriptsWith(t *testing.T, falkirk, dir string, more func(*testscript.Env) error) {
	t.Helper()
	_, service := harness.Programs(t)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Condition: func(cond string) (bool, error) {
			if cond != "root" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			return os.Getuid() == 0, nil
		},
		Setup: func(env *testscript.Env) error {
			if err := setup(env, falkirk, service); err != nil {
				return err
			}
			return more(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"falkirk":    func(ts *testscript.TestScript, neg bool, args []string) { run(ts, neg, falkirk, args) },
			"get":        get,
			"json":       field,
			"alter":      alter,
			"await":      await,
			"receive":    receive,
			"damage":     damage,
			"large":      large,
			"forge":      forge,
			"transplant": transplant,
			"snapshot":   forgeSnapshot,
			"keep":       func(ts *testscript.TestScript, _ bool, _ []string) { copyStore(ts, ".falkirk", "kept") },
			"restore":    func(ts *testscript.TestScript, _ bool, _ []string) { copyStore(ts, "kept", ".falkirk") },
			"occupy":     occupy,
			"stub":       stub,
			"within":     func(ts *testscript.TestScript, neg bool, args []string) { within(ts, neg, falkirk, args) },
			"kept":       func(ts *testscript.TestScript, neg bool, args []string) { kept(ts, neg, falkirk, args) },
			"told":       func(ts *testscript.TestScript, _ bool, args []string) { told(ts, falkirk, args) },
			"outlast":    func(ts *testscript.TestScript, _ bool, args []string) { outlast(ts, falkirk, args) },
			"outage":     func(ts *testscript.TestScript, _ bool, args []string) { outage(ts, falkirk, args) },
			"strays":     func(ts *testscript.TestScript, _ bool, _ []string) { strays(ts) },
		},
	})
}

// setup puts the service into the folder and takes down what a script started.
func setup(env *testscript.Env, falkirk, service string) error {
	raw, err := os.ReadFile(service)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "service"), raw, 0o755); err != nil {
		return err
	}
	env.Setenv("FALKIRK_ACTOR", "ann")
	env.Setenv("FALKIRK", falkirk)
	env.Setenv("PATH", filepath.Dir(falkirk)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	env.Defer(func() {
		found, _ := filepath.Glob(filepath.Join(env.WorkDir, "*", ".falkirk")) // a pattern that is right
		for _, store := range append(found, filepath.Join(env.WorkDir, ".falkirk")) {
			down := exec.Command(falkirk, "local", "down", "--yes")
			down.Dir = filepath.Dir(store)
			if _, err := os.Stat(store); err == nil {
				_ = down.Run() // an app file that a script spoilt cannot be read
			}
		}
		killLeft(env.WorkDir)
	})
	return nil
}

// killLeft ends what a script with a spoilt app file could not take down.
func killLeft(dir string) {
	for _, p := range (&harness.App{Dir: dir}).Processes() {
		pid, _, _ := strings.Cut(p, " ")
		if n, err := strconv.Atoi(pid); err == nil && n != os.Getpid() {
			if proc, err := os.FindProcess(n); err == nil {
				_ = proc.Kill() // it may have gone
			}
		}
	}
}

// run is `falkirk CODE ARGS…`: the command must end with that exit code. A
// command that failed must say so in its last line.
func run(ts *testscript.TestScript, neg bool, falkirk string, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: falkirk CODE ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("%q is no exit code", args[0])
	}
	err = ts.Exec(falkirk, args[1:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	out, errs := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	switch code {
	case fault.Different, fault.Partial, fault.Unsettled, fault.Unknown:
		return // an answer, not a failure
	}
	if code == fault.InUse && slices.Contains(args, "--exit-code") {
		return // likewise
	}
	if code != 0 && strings.Contains(out, "done:") {
		ts.Fatalf("it failed and says done")
	}
	if code != 0 && !strings.HasPrefix(out, "{") && !strings.Contains(lastLine(errs), "not done") {
		ts.Fatalf("it failed; its last line is %q", lastLine(errs))
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// get is `get ENVIRONMENT REGION PATH WANT [RELEASE]`: what the place answers
// must contain WANT and come from RELEASE.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: get ENVIRONMENT REGION PATH WANT [RELEASE]")
	}
	url, err := address(ts, args[0], args[1])
	ts.Check(err)
	res, err := http.Get(url + args[2]) //nolint:gosec // a loopback address of the test's own
	ts.Check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	ts.Check(err)
	got := fmt.Sprintf("%d %s", res.StatusCode, raw)
	if strings.Contains(got, args[3]) == neg {
		ts.Fatalf("%s answers %q", url+args[2], got)
	}
	if len(args) > 4 && res.Header.Get("Falkirk-Release") != args[4] {
		ts.Fatalf("%s is answered by release %q", url+args[2], res.Header.Get("Falkirk-Release"))
	}
}

// address finds where a place answers, from what the program says.
func address(ts *testscript.TestScript, environment, region string) (string, error) {
	cmd := exec.Command(ts.Getenv("FALKIRK"), "status", environment, "--output", "json")
	cmd.Dir, cmd.Env = ts.MkAbs("."), os.Environ()
	for _, name := range []string{"TOKEN", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} {
		if value := ts.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	raw, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("status: %w", err)
	}
	var doc struct {
		Result []struct {
			Components []struct {
				Place struct{ Region string }
				URL   string
			}
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return "", err
	}
	for _, c := range doc.Result[0].Components {
		if c.Place.Region == region {
			scheme, rest, _ := strings.Cut(c.URL, "://")
			host, _, _ := strings.Cut(rest, "/")
			return scheme + "://" + host, nil
		}
	}
	return "", fmt.Errorf("no place %s/%s", environment, region)
}

// field is `json PATH WANT`: the last command's JSON document has WANT at PATH,
// keys and list indexes joined by dots. `json PATH` only has it there.
func field(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, key := range strings.Split(args[0], ".") {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[key]
			if !ok {
				ts.Fatalf("no %q in %s", key, args[0])
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(at) {
				ts.Fatalf("no item %q in %s (%d items)", key, args[0], len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("%q of %s leads nowhere", key, args[0])
		}
	}
	if got := fmt.Sprint(v); len(args) > 1 && (got == args[1]) == neg {
		ts.Fatalf("%s is %q, want %q", args[0], got, args[1])
	}
}

// alter is `alter FILE OLD NEW`: replaces text in a file.
func alter(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text := ts.ReadFile(path)
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

// await is `await FILE`: waits until the file is there.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not appear", args[0])
		}
		time.Sleep(5 * time.Millisecond) // wait for the fact; the deadline fails the script
	}
}

// occupy is `occupy FILE`: listens on the port that the file names, until the
// script has ended.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	var at struct{ Port int }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &at))
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(at.Port)))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}

// strays fails when a process of the script's folder is left.
func strays(ts *testscript.TestScript) {
	left := (&harness.App{Dir: ts.MkAbs(".")}).Processes()
	for deadline := time.Now().Add(10 * time.Second); len(left) > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // wait for the fact; the deadline fails the script
		left = (&harness.App{Dir: ts.MkAbs(".")}).Processes()
	}
	if len(left) > 0 {
		ts.Fatalf("left running: %s", strings.Join(left, "\n"))
	}
}
