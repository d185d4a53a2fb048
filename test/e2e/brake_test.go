package e2e

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/test/harness"
)

// brakeFile names a variable in every block that people's decisions do not need.
const brakeFile = `app: shop
keep: 2
components:
  web:
    site: {path: "${env:V_PACK}"}
    target: {local: {path: /}}
  notes:
    bundle: {path: notes}
environments:
  - name: dev
  - name: prd
    gates:
      - {name: board, when: before promote, once: true, approval: {from: [bea]}}
      - {name: smoke, when: after promote, command: {run: ["${env:V_GATE}"]}}
    hooks:
      - {name: purge, when: after promote, command: {run: ["${env:V_HOOK}"]}}
  - name: sat
    soak: ${env:V_SOAK}
    freeze: [{deny: "2020-12-20 - 2021-01-04", reason: "${env:V_FREEZE}"}]
    components: {web: {target: {local: {path: "${env:V_TARGET}"}}}}
notices:
  - {name: team, slack: {url: "${env:V_NOTICE}"}}
sync:
  - {name: base, source: "127.0.0.1:1/${env:V_SYNC}", destination: "127.0.0.1:1/b", repositories: [api], insecure: true}
`

var brakeValues = map[string]string{
	"V_PACK": "web", "V_GATE": "true", "V_HOOK": "true", "V_SOAK": "1h", "V_FREEZE": "party", "V_TARGET": "/", "V_SYNC": "a",
	"V_NOTICE": "", // the address of a receiver
}

// braked is an app with releases 1 and 2 live in dev, 1 live in prd and 2 waiting
// there for an approval.
type braked struct {
	*harness.App
	notices string   // the address of a receiver
	without []string // variables that are not set
	more    []string // further environment
}

func (b *braked) run(t *testing.T, line string) (code int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := b.Command(ctx, strings.Fields(line)...)
	cmd.Env = append(os.Environ(), "FALKIRK_ACTOR=bea", "HOME="+b.Dir, "AWS_EC2_METADATA_DISABLED=true")
	for name, value := range brakeValues {
		if name == "V_NOTICE" {
			value = b.notices
		}
		if !slices.Contains(b.without, name) {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, b.more...)
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("falkirk %s: %v", line, err)
	}
	return cmd.ProcessState.ExitCode(), string(raw)
}

func (b *braked) must(t *testing.T, want int, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if code, text := b.run(t, line); code != want {
			t.Fatalf("without %v: falkirk %s: exit code %d, want %d\n%s", b.without, line, code, want, text)
		}
	}
}

func newBraked(t *testing.T, file string) *braked {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(receiver.Close)
	b := &braked{App: harness.New(t), notices: receiver.URL}
	write(t, filepath.Join(b.Dir, "falkirk.yml"), file)
	write(t, filepath.Join(b.Dir, "notes", "readme"), "read me")
	for _, v := range []string{"1", "2"} {
		write(t, filepath.Join(b.Dir, "web", "index.html"), "release "+v)
		b.must(t, 0, "pack --version "+v)
	}
	return b
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verb is one command: which variables it may need, how it ends where all is
// set, and what brings back what it changed (with all set).
type verb struct {
	line  string
	needs []string
	code  int
	undo  []string
	tells bool // of what a notice is about
	notes bool // what it could do without
}

// emergency are the verbs that people decide with and look with. Nothing that
// they do not use may be in their way.
var emergency = []verb{
	{line: "stop dev --reason fire", undo: []string{"resume dev"}},
	{line: "stop --all --reason fire", undo: []string{"resume --all"}},
	{line: "resume dev"},
	{line: "resume --all"},
	{line: "stop sat --reason fire", undo: []string{"resume sat"}},
	{line: "hold dev --reason fire", undo: []string{"release-hold dev"}},
	{line: "hold sat --reason fire", undo: []string{"release-hold sat"}},
	{line: "release-hold dev"},
	{line: "ban 1 --reason fire", undo: []string{"unban 1"}},
	{line: "unban 1"},
	{line: "history"},
	{line: "history dev"},
	{line: "verify"},
	{line: "verify dev"},
	{line: "why 2 dev"},
	{line: "why 2 prd"},
	{line: "status dev"},
	{line: "status prd"},
	{line: "status", needs: []string{"V_TARGET"}, notes: true},
	{line: "status sat", needs: []string{"V_TARGET"}, notes: true},
	{line: "why 2 sat", notes: true},
	{line: "approvals"},
	{line: "approve prd --yes", needs: []string{"V_GATE", "V_HOOK"}},
	{line: "reject prd --yes --reason no", notes: true},
	{line: "lock show"},
	{line: "lock show dev"},
	{line: "lock steal dev --reason fire --yes"},
	{line: "releases"},
	{line: "releases 1"},
	{line: "calendar dev"},
	{line: "logs dev web", code: 2},
	{line: "diff dev prd", code: fault.Different},
	{line: "local ps"},
	{line: "local down"},
	{line: "local up"},
	{line: "rollback dev --yes", tells: true, undo: []string{"promote 2 --to dev"}},
	{line: "prune dev --yes"},
	{line: "converge dev"},
	{line: "promote 2 --to dev"},
	{line: "train 2 --to dev"},
	{line: "plan 1 --to dev"},
}

// TestTheBrakeNeedsNoVariable runs every verb without all variables that it does
// not need: it ends as with all of them. Without one that it needs it fails with
// exit code 2 and the place in the file.
func TestTheBrakeNeedsNoVariable(t *testing.T) {
	t.Parallel()
	b := newBraked(t, brakeFile)
	b.must(t, 0, "train 1 --to dev", "train 2 --to dev", "provision 1 --to prd")
	b.must(t, 4, "promote 1 --to prd")
	for _, v := range emergency {
		b.without = slices.DeleteFunc(slices.Sorted(maps.Keys(brakeValues)), func(name string) bool { return slices.Contains(v.needs, name) })
		code, text := b.run(t, v.line)
		if code != v.code || strings.Contains(text, "is not set") != (v.tells || v.notes) {
			t.Errorf("without %v, falkirk %s: exit code %d, want %d\n%s", b.without, v.line, code, v.code, text)
		}
		if v.tells && !strings.Contains(text, "warning: notice team could not be sent") {
			t.Errorf("falkirk %s does not say that a notice was not sent\n%s", v.line, text)
		}
		b.without = nil
		b.must(t, 0, v.undo...)
		if code, text := b.run(t, v.line); v.code != code {
			t.Errorf("with all set, falkirk %s: exit code %d\n%s", v.line, code, text)
		}
		b.must(t, 0, v.undo...)
		for _, name := range v.needs {
			b.without = []string{name}
			if code, text := b.run(t, v.line); code != 2 || !strings.Contains(text, name+" is not set") || !strings.Contains(text, "falkirk.yml:") {
				t.Errorf("without %s, falkirk %s: exit code %d, want 2 and the place\n%s", name, v.line, code, text)
			}
			b.without = nil
		}
	}
}

// TestTheBrakeNeedsOnlyTheStore runs what people decide, and what they read,
// without the folders and templates that are packed, without AWS credentials
// and without a network. What is live in an account cannot be seen then, and
// status says so beside what the ledger says.
func TestTheBrakeNeedsOnlyTheStore(t *testing.T) {
	t.Parallel()
	file := strings.Replace(brakeFile, "environments:\n", `  base:
    stack: {template: base.yml}
    target: {stack: {name: "shop-base-${place.environment}"}}
accounts:
  far: {id: "111111111111", role: "arn:aws:iam::111111111111:role/deploy", region: eu-west-1}
environments:
`, 1)
	file = strings.ReplaceAll(file, "  - name: ", "  - account: far\n    name: ")
	b := &braked{App: harness.New(t)}
	write(t, filepath.Join(b.Dir, "falkirk.yml"), file)
	write(t, filepath.Join(b.Dir, "notes", "readme"), "read me")
	write(t, filepath.Join(b.Dir, "web", "index.html"), "hello")
	write(t, filepath.Join(b.Dir, "base.yml"), "Resources:\n  A: {Type: AWS::SNS::Topic}\n")
	b.must(t, 0, "pack --version 1")
	for _, path := range []string{"notes", "web", "base.yml", "service"} {
		if err := os.RemoveAll(filepath.Join(b.Dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	dead := "http://127.0.0.1:1"
	b.more = []string{
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_ENDPOINT_URL=", "AWS_MAX_ATTEMPTS=1",
		"AWS_CONFIG_FILE=" + filepath.Join(b.Dir, "none"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(b.Dir, "none"),
		"HTTP_PROXY=" + dead, "HTTPS_PROXY=" + dead, "NO_PROXY=",
	}
	for _, v := range emergency {
		words := strings.Fields(v.line)
		switch words[0] {
		case "stop", "resume", "hold", "release-hold", "ban", "unban", "history", "verify", "approvals", "lock", "releases", "calendar":
			b.must(t, 0, v.line)
		case "local":
			if words[1] != "up" { // it starts what is not there
				b.must(t, 0, v.line)
			}
		}
	}
	b.must(t, 0, "why 1 dev")
	code, text := b.run(t, "status dev")
	if code == 0 || !strings.Contains(text, "base") || !strings.Contains(text, "observe base in dev") {
		t.Errorf("status: exit code %d\n%s", code, text)
	}
}
