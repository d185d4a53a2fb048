package exitcodes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

const admin = "arn:aws:iam::333333333333:role/admin"

const appFile = `app: NAME
store: s3://shop-builds/team
accounts:
  prd: {id: "333333333333", role: "arn:aws:iam::333333333333:role/falkirk-NAME", region: eu-central-1}
components:
  web:
    site: {path: web}
    target: {local: {path: /}}
  api:
    image: {folder: api, entrypoint: [/run], push: HOST/builds/api}
    target: {local: {path: /api}}
environments:
  - {name: dev}
  - name: prd
    account: prd
    components: {web: {target: {site: {bucket: NAME-prd}}}}
notices:
  - {name: one, slack: {url: "http://HOST/hook/1"}}
  - {name: two, slack: {url: "http://HOST/hook/2"}}
sync:
  - {name: images, source: 111111111111.dkr.ecr.eu-west-1.amazonaws.com, destination: 333333333333.dkr.ecr.eu-central-1.amazonaws.com, account: prd, repositories: [APP/api]}
`

// stage is an app whose store, registry, channels and AWS are behind one gate.
type stage struct {
	app         string
	dir, binary string
	gate        *Gate
	env         []string
}

func newStage(t *testing.T, server *emulators.Server, app string) *stage {
	t.Helper()
	binary, _ := harness.Programs(t)
	s := &stage{app: app, dir: t.TempDir(), binary: binary, gate: NewGate(t, server.URL)}
	s.env = append(server.At(s.gate.URL).Env(), "FALKIRK_ACTOR=ann", "HOME="+s.dir)
	s.name(t, app)
	s.write(t, "web/index.html", "<p>one</p>")
	s.write(t, "api/run", "run")
	s.must(t, "pack --version 1")
	return s
}

// name writes the app file under a name of the app.
func (s *stage) name(t *testing.T, name string) {
	t.Helper()
	s.write(t, "falkirk.yml", strings.NewReplacer("HOST", s.gate.Host(), "APP", s.app, "NAME", name).Replace(appFile))
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) run(t *testing.T, line string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.binary, strings.Fields(strings.ReplaceAll(line, "HOST", s.gate.Host()))...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func (s *stage) must(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if code, text := s.run(t, line); code != 0 {
			t.Fatalf("falkirk %s: exit code %d\n%s", line, code, text)
		}
	}
}

// writing is a command whose writes fail, one after the other. N in a line is the
// number of the try.
type writing struct {
	line   string
	before []string // what makes that there is something to write again
	least  int      // so many tries must fail after something was changed
}

const functionFlags = " --bucket prd-code --as " + admin + " --source-as arn:aws:iam::111111111111:role/admin --yes"

var writings = map[string]writing{
	"pack":                 {"pack --version 1.N", nil, 4},
	"image copy":           {"image copy --insecure HOST/builds/api:1 HOST/copies/xN:1", nil, 3},
	"image tag":            {"image tag --insecure HOST/builds/api:1 aN bN", nil, 1},
	"image tag --list":     {"image tag --insecure --list tags", nil, 1},
	"sync":                 {"sync --insecure --source HOST/builds --destination HOST/syncN --repository api --tag *", nil, 3},
	"notices test":         {"notices test", nil, 1},
	"stop":                 {"stop dev --reason fire", []string{"resume dev"}, 0},
	"hold":                 {"hold dev --reason fire", []string{"release-hold dev"}, 0},
	"ban":                  {"ban 1 --reason fire", []string{"unban 1"}, 0},
	"create account":       {"create account prd --principal 333333333333 --as " + admin + " --yes", []string{"create account prd --delete --as " + admin + " --yes"}, 1},
	"delete account":       {"create account prd --delete --as " + admin + " --yes", []string{"create account prd --principal 333333333333 --as " + admin + " --yes"}, 0},
	"create sync-function": {"create sync-function" + functionFlags, []string{"delete sync-function" + strings.Replace(functionFlags, " --bucket prd-code", "", 1)}, 2},
	"delete sync-function": {"delete sync-function" + strings.Replace(functionFlags, " --bucket prd-code", "", 1), []string{"create sync-function" + functionFlags}, 2},
}

// TestNoFailedWriteSaysThatNothingWasChanged fails the nth write of each command
// that writes outside, for each n. What the gate has seen done is compared with
// what the exit code says.
func TestNoFailedWriteSaysThatNothingWasChanged(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	theirs := server.As(t, "111111111111")
	server.CLI(t).Must(t, "s3", "mb", "s3://shop-builds")
	server.As(t, "333333333333").Must(t, "s3", "mb", "s3://prd-code", "--region", "eu-central-1")
	for name, w := range writings {
		app := strings.NewReplacer(" ", "-", "--", "").Replace(name)
		if strings.Contains(w.line, "sync-function") {
			theirs.Must(t, "ecr", "create-repository", "--region", "eu-west-1", "--repository-name", app+"/api")
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, server, app)
			after := 0
			for n := 1; ; n++ {
				s.prepare(t, w, n)
				s.gate.Refuse(n)
				code, text := s.run(t, strings.ReplaceAll(w.line, "N", fmt.Sprint(n)))
				changed, refused := s.gate.Done()
				if refused == "" {
					if code != 0 {
						t.Fatalf("with no write refused: exit code %d\n%s", code, text)
					}
					break
				}
				if code == 2 && len(changed) > 0 {
					t.Errorf("%s was refused, after %v: exit code 2, which says that nothing was changed\n%s", refused, changed, text)
				}
				if code != 0 && len(changed) > 0 {
					after++
				}
				if n > 40 {
					t.Fatalf("it writes without an end, the last: %s", refused)
				}
			}
			if after < w.least {
				t.Errorf("it failed %d times after a write, want %d or more: the test shows nothing", after, w.least)
			}
		})
	}
}

// prepare makes that the command has something to write.
func (s *stage) prepare(t *testing.T, w writing, n int) {
	t.Helper()
	s.gate.Refuse(0)
	s.write(t, "web/index.html", fmt.Sprintf("<p>%d</p>", n))
	s.write(t, "web/other.html", fmt.Sprintf("<p>other %d</p>", n))
	s.write(t, "api/run", fmt.Sprintf("run %d", n))
	s.write(t, "tags", strings.ReplaceAll(fmt.Sprintf("HOST/builds/api:1 x%d\nHOST/builds/api:1 y%d\n", n, n), "HOST", s.gate.Host()))
	if strings.Contains(w.line, admin) {
		s.name(t, fmt.Sprintf("%s-%d", s.app, n)) // moto executes nothing in a stack that a failed try has left
	}
	s.must(t, w.before...)
}
