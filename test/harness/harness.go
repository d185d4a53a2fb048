// Package harness builds the real program and an app for it, runs commands, and
// sees that nothing is left. It is for tests.
package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// App is one app folder and the program.
type App struct {
	Dir    string
	binary string
}

// built is the program and the service, built once for a test binary.
type built struct {
	once                   sync.Once
	dir, falkirk, sv, json string
	err                    error
}

var programs built

// Main builds the programs, runs the tests and removes the programs. It is
// called from TestMain.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "falkirk-harness-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs.dir = dir
	return m.Run()
}

// build takes the programs that `make test` has built, or builds them.
func (b *built) build() error {
	b.once.Do(func() {
		if dir := os.Getenv("FALKIRK_PROGRAMS"); dir != "" {
			b.dir = dir
			b.falkirk, b.sv, b.json = filepath.Join(dir, "falkirk"), filepath.Join(dir, "service"), filepath.Join(dir, "jsonface")
			return
		}
		b.falkirk, b.sv, b.json = filepath.Join(b.dir, "falkirk"), filepath.Join(b.dir, "service"), filepath.Join(b.dir, "jsonface")
		for out, pkg := range map[string]string{b.falkirk: "falkirk/cmd/falkirk", b.sv: "falkirk/test/harness/service", b.json: "falkirk/test/harness/jsonface"} {
			cmd := exec.Command("go", "build", "-o", out, pkg)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			if raw, err := cmd.CombinedOutput(); err != nil {
				b.err = errors.Join(b.err, fmt.Errorf("build %s: %w\n%s", pkg, err, raw))
			}
		}
	})
	return b.err
}

const appFile = `app: shop
keep: 5
components:
  web:
    site: {path: web}
    target: {local: {path: /}}
  api:
    image: {binary: service}
    target: {local: {path: /api, strip: true, health: /health, isolation: none, drain: 3s}}
environments:
  - name: dev
  - name: prd
    regions: [eu, us]
    gates:
      - name: smoke
        when: after promote
        http: {component: api, path: /, retries: 1, every: 50ms}
`

// New makes an app folder and takes everything down at the end of the test,
// which fails if a process is left.
func New(t *testing.T) *App {
	t.Helper()
	if err := programs.build(); err != nil {
		t.Fatal(err)
	}
	r := &App{Dir: t.TempDir(), binary: programs.falkirk}
	must(t, os.WriteFile(filepath.Join(r.Dir, "falkirk.yml"), []byte(appFile), 0o644))
	raw, err := os.ReadFile(programs.sv)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(r.Dir, "service"), raw, 0o755))
	t.Cleanup(func() {
		r.down(t)
		if left := r.Processes(); len(left) > 0 {
			t.Errorf("left running: %v", left)
		}
	})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Binary is the program.
func (r *App) Binary() string { return r.binary }

// Pack writes the site of each version and packs it.
func (r *App) Pack(t *testing.T, versions ...string) {
	t.Helper()
	for _, v := range versions {
		web := filepath.Join(r.Dir, "web")
		must(t, os.RemoveAll(web))
		must(t, os.MkdirAll(filepath.Join(web, "assets"), 0o755))
		script := "release " + v
		sum := sha256.Sum256([]byte(script))
		name := "assets/app." + hex.EncodeToString(sum[:6]) + ".js"
		must(t, os.WriteFile(filepath.Join(web, name), []byte(script), 0o644))
		must(t, os.WriteFile(filepath.Join(web, "index.html"), []byte(`<p>`+v+`</p><script src="`+name+`"></script>`), 0o644))
		r.Must(t, "pack", "--version", v)
	}
}

// Done is how a command ended.
type Done struct {
	Code     int
	Out, Err string
}

// Command is one that has not begun.
func (r *App) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.binary, args...)
	cmd.Dir = r.Dir
	cmd.Env = append(os.Environ(), "FALKIRK_ACTOR=test")
	return cmd
}

// Run runs a command to its end, which must come within a minute.
func (r *App) Run(t *testing.T, args ...string) Done {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := r.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("falkirk %v: %v", args, err)
	}
	return Done{Code: cmd.ProcessState.ExitCode(), Out: out.String(), Err: errs.String()}
}

// Must runs a command that must end with exit code 0.
func (r *App) Must(t *testing.T, args ...string) Done {
	t.Helper()
	d := r.Run(t, args...)
	if d.Code != 0 {
		t.Fatalf("falkirk %v: exit code %d\n%s%s", args, d.Code, d.Out, d.Err)
	}
	return d
}

// JSON runs a command that must end well and reads the result of its document.
func (r *App) JSON(t *testing.T, into any, args ...string) {
	t.Helper()
	d := r.Must(t, append(args, "--output", "json")...)
	doc := struct{ Result any }{Result: into}
	if err := json.Unmarshal([]byte(d.Out), &doc); err != nil {
		t.Fatalf("falkirk %v: %v\n%s", args, err, d.Out)
	}
}

func (r *App) down(t *testing.T) {
	t.Helper()
	if d := r.Run(t, "local", "down", "--yes"); d.Code != 0 {
		t.Errorf("local down: exit code %d\n%s%s", d.Code, d.Out, d.Err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(r.Processes()) > 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond) // wait for the fact; the deadline fails the test
	}
}

// Processes lists the processes that have to do with the app's folder: by
// command line, program or working folder. It needs /proc.
func (r *App) Processes() []string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	// The folder itself and what is below it, not one whose name begins like its.
	below := regexp.MustCompile(regexp.QuoteMeta(r.Dir) + `(/|\x00|$)`)
	var found []string
	for _, e := range entries {
		base := filepath.Join("/proc", e.Name())
		cmdline, _ := os.ReadFile(filepath.Join(base, "cmdline"))
		exe, _ := os.Readlink(filepath.Join(base, "exe"))
		cwd, _ := os.Readlink(filepath.Join(base, "cwd"))
		if below.Match(cmdline) || below.MatchString(exe) || below.MatchString(cwd) {
			found = append(found, e.Name()+" "+strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return found
}

// JSONFace is the path of the program that carries requests and results as JSON.
func JSONFace(t *testing.T) string {
	t.Helper()
	must(t, programs.build())
	return programs.json
}

// Programs are the paths of the program and of the service.
func Programs(t *testing.T) (falkirk, service string) {
	t.Helper()
	must(t, programs.build())
	return programs.falkirk, programs.sv
}
