package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// effects is what each command may change. A new command needs a line here, and
// a run below where it writes.
var effects = map[ui.Effect][]string{
	ui.EffectReads: {
		"blueprint", "calendar", "config check", "config show", "diff", "doctor", "export", "history",
		"image inspect", "image ls", "lock show", "logs", "plan show", "reference", "releases", "schema", "status", "verify", "version", "why",
	},
	ui.EffectMachine: {"approvals", "create prd-configs", "demo", "fetch", "init", "local down", "local ps", "local up", "plan", "reference man"},
	ui.EffectDecides: {
		"approve", "ban", "hold", "lock steal", "reject", "release-hold", "resume", "retire", "sign-ledger", "stop", "unban",
	},
	ui.EffectRun: {"apply", "converge", "promote", "provision", "prune", "rollback", "train"},
	ui.EffectWrites: {
		"create account", "create ecr-sync", "create sync-function", "delete ecr-sync", "delete sync-function",
		"image copy", "image tag", "notices test", "pack", "sync",
	},
}

// TestEveryCommandSaysWhatItChanges walks the whole command line.
func TestEveryCommandSaysWhatItChanges(t *testing.T) {
	t.Parallel()
	found := map[ui.Effect][]string{}
	for _, c := range cli.Commands(wire()) {
		found[c.Effect] = append(found[c.Effect], c.Path)
		if c.Effect == "" {
			t.Errorf("falkirk %s does not say what it changes: see ui.Effect", c.Path)
		}
	}
	for effect, want := range effects {
		slices.Sort(found[effect])
		slices.Sort(want)
		if !slices.Equal(found[effect], want) {
			t.Errorf("%s are %v, want %v", effect, found[effect], want)
		}
	}
}

// stage is an app whose registry, channel and AWS are one server.
type stage struct {
	dir, host string
	mu        sync.Mutex
	asked     []string // requests since it was last looked at
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir()}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		images.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.host = strings.TrimPrefix(server.URL, "http://")
	files := map[string]string{
		"falkirk.yml": strings.ReplaceAll(`app: shop
accounts:
  far: {id: "111111111111", region: eu-west-1, endpoint: "http://HOST"}
components:
  api:
    image: {folder: api, entrypoint: [/run], push: HOST/builds/api}
    target: {local: {path: /api}}
  notes:
    bundle: {path: notes}
environments: [{name: dev}]
notices: [{name: team, slack: {url: "http://HOST/hook"}}]
sync:
  - {name: base, source: HOST/builds, destination: HOST/copies, repositories: [api], tags: ["*"], insecure: true}
`, "HOST", s.host),
		"api/run": "run", "notes/readme": "read me",
		"ecr-sync-values.yml": "appName: shop\naccount: \"111111111111\"\nregion: eu-west-1\nclusterName: prod\nnamespace: prd-shop\nimage: " + s.host + "/falkirk:1\n",
	}
	for name, text := range files {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs one command in this process.
func (s *stage) run(t *testing.T, line string) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	w := wire()
	w.Getenv = func(string) (string, bool) { return "", false }
	args := append(strings.Fields(strings.ReplaceAll(line, "HOST", s.host)), "--file", filepath.Join(s.dir, "falkirk.yml"))
	code = cli.Main(context.WithoutCancel(t.Context()), w, ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args)
	return code, out.String()
}

func (s *stage) must(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if code, text := s.run(t, line); code != 0 {
			t.Fatalf("falkirk %s: exit code %d\n%s", line, code, text)
		}
	}
}

// requests are those since it was asked last.
func (s *stage) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.asked
	s.asked = nil
	return all
}

// sum is of every file of the app and its store.
func (s *stage) sum(t *testing.T) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintln(h, path)
		_, err = io.Copy(h, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// writers is a real run of every command that writes outside of this machine.
var writers = map[string]string{
	"apply": "apply SAVED", "converge": "converge dev", "promote": "promote 1 --to dev", "provision": "provision 1 --to dev", "prune": "prune dev",
	"rollback": "rollback dev --to 1", "train": "train 1 --to dev",
	"create account": "create account far --yes", "create ecr-sync": "create ecr-sync --values VALUES --yes",
	"create sync-function": "create sync-function base --region eu-west-1 --yes",
	"delete ecr-sync":      "delete ecr-sync --values VALUES --yes", "delete sync-function": "delete sync-function base --region eu-west-1 --yes",
	"image copy": "image copy --insecure HOST/builds/api:1 HOST/copies/api:1", "image tag": "image tag --insecure HOST/builds/api:1 other",
	"notices test": "notices test", "pack": "pack --version 2", "sync": "sync",
}

// TestStopAllStopsEveryWriter: while everything is stopped, no command that
// writes outside of this machine sends a request or writes a file.
func TestStopAllStopsEveryWriter(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	saved := filepath.Join(s.dir, "saved.json")
	s.must(t, "pack --version 1", "plan 1 --to dev --phase provision --save "+saved, "stop --all --reason fire")
	s.refusesWriters(t, saved, "everything is stopped by", fault.Refused)
	s.must(t, "ban 1 --reason fire", "unban 1", "hold dev --reason fire", "release-hold dev", "history", "verify", "releases", "sync --dry-run", "resume --all")
	s.must(t, "sync", "image tag --insecure HOST/builds/api:1 other", "pack --version 2")
}

// refusesWriters tries every command that writes outside of this machine: each ends
// with an error of the kind that says why, sends no request and writes no file.
func (s *stage) refusesWriters(t *testing.T, saved, why string, kind fault.Kind) {
	t.Helper()
	s.requests()
	before := s.sum(t)
	for _, effect := range []ui.Effect{ui.EffectRun, ui.EffectWrites} {
		for _, command := range effects[effect] {
			line, known := writers[command]
			if !known {
				t.Errorf("falkirk %s writes, and no run of it is tried", command)
				continue
			}
			line = strings.NewReplacer("SAVED", saved, "VALUES", filepath.Join(s.dir, "ecr-sync-values.yml")).Replace(line)
			code, text := s.run(t, line)
			refused := strings.Contains(text, why) && code == fault.ExitCode(fault.New(kind, "no"))
			if command == "converge" { // nothing is live to converge to
				refused = code == fault.ExitCode(fault.New(fault.Refused, "no"))
			}
			if !refused {
				t.Errorf("falkirk %s: exit code %d\n%s", line, code, text)
			}
			if sent := s.requests(); len(sent) > 0 {
				t.Errorf("falkirk %s sent %v", line, sent)
			}
		}
	}
	if s.sum(t) != before {
		t.Error("files of the app or its store have changed")
	}
}

// TestOneAccountTwiceChangesNothing: with two entries of one AWS account no command
// changes anything, and commands that only read or decide go on.
func TestOneAccountTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	saved, file := filepath.Join(s.dir, "saved.json"), filepath.Join(s.dir, "falkirk.yml")
	s.must(t, "pack --version 1")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	twice := strings.Replace(string(raw), "components:", "  near: {id: \"111111111111\", region: eu-central-1}\ncomponents:", 1)
	if err := os.WriteFile(file, []byte(twice), 0o600); err != nil {
		t.Fatal(err)
	}
	const why = "falkirk.yml:4:14: accounts far and near are the same AWS account (111111111111)"
	if code, text := s.run(t, "config check"); code != 2 || !strings.Contains(text, why) {
		t.Errorf("config check: exit code %d\n%s", code, text)
	}
	s.must(t, "plan 1 --to dev --phase provision --save "+saved)
	s.refusesWriters(t, saved, why, fault.Invalid)
	for _, line := range []string{"plan 1 --to dev", "provision 1 --to dev --dry-run", "why 1 dev"} {
		if code, text := s.run(t, line); code != 0 || !strings.Contains(text, why) {
			t.Errorf("falkirk %s: exit code %d\n%s", line, code, text)
		}
	}
	s.must(t, "status", "history", "verify", "releases", "diff 1 1", "sync --dry-run", "pack --dry-run --version 2",
		"stop --all --reason fire", "resume --all")
}

// TestABanIsOfTheImagesToo: no tag and no copy is made of an image of a banned
// release, and the others go on.
func TestABanIsOfTheImagesToo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1")
	if err := os.WriteFile(filepath.Join(s.dir, "api", "run"), []byte("run better"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.must(t, "pack --version 2", "ban 1 --reason leaks")
	refused := []string{
		"sync", "image copy --insecure HOST/builds/api:1 HOST/other/api:1", "image tag --insecure HOST/builds/api:1 good",
		"pack --version 1",
	}
	for _, line := range refused {
		s.requests()
		code, text := s.run(t, line)
		if code != fault.ExitCode(fault.New(fault.Refused, "no")) || !strings.Contains(text, "1 is banned by") {
			t.Errorf("falkirk %s: exit code %d\n%s", line, code, text)
		}
		for _, r := range s.requests() {
			if line != "sync" && !strings.HasPrefix(r, "GET ") && !strings.HasPrefix(r, "HEAD ") {
				t.Errorf("falkirk %s sent %s", line, r)
			}
		}
	}
	s.must(t, "image inspect --insecure HOST/copies/api:2")
	if code, _ := s.run(t, "image inspect --insecure HOST/copies/api:1"); code == 0 {
		t.Error("sync copied the banned image")
	}
	s.must(t, "image copy --insecure HOST/builds/api:2 HOST/other/api:2", "unban 1", "sync", "image inspect --insecure HOST/copies/api:1")
}
