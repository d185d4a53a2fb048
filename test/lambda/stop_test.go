package lambda

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
)

// decided is an app with an image, whose store is in a bucket, and a function that
// copies the images and has no app file.
type decided struct {
	*harness.App
	folder   string // with the app's, and that of the jobs, in which no app file is found
	server   *emulators.Server
	aws      emulators.CLI
	origin   string
	home     string
	function string
}

func newDecided(t *testing.T) *decided {
	t.Helper()
	d := &decided{App: harness.New(t), folder: t.TempDir(), server: emulators.Ministack(t, prod), origin: emulators.Registry(t, false), home: emulators.Registry(t, false), function: "copies"}
	d.aws = d.server.CLI(t)
	for _, bucket := range []string{"prd-code", "builds"} {
		d.aws.Must(t, "s3", "mb", "s3://"+bucket, "--region", "us-east-1")
	}
	d.file(t, "app/falkirk.yml", fmt.Sprintf(`app: shop
store: s3://builds/team
components:
  api: {image: {folder: ., entrypoint: [/run], push: %s/shop/api}, target: {local: {path: /}}}
environments: [{name: prd}]
`, d.origin))
	d.file(t, "jobs/jobs.yml", fmt.Sprintf("sync:\n  - {name: api, source: %s, destination: %s, insecure: true, repositories: [shop/api], tags: [\"*\"]}\n", d.origin, d.home))
	return d
}

func (d *decided) file(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(d.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// at runs the program in a folder.
func (d *decided) at(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.Binary(), args...)
	cmd.Dir, cmd.Env = filepath.Join(d.folder, folder), append(d.server.Env(), "AWS_REGION=us-east-1", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("falkirk %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// pack makes a release with an image of its own.
func (d *decided) pack(t *testing.T, version string) {
	t.Helper()
	d.file(t, "app/run", "run "+version)
	d.at(t, "app", "pack", "--version", version)
}

// invoke starts the function, and gives what it answered.
func (d *decided) invoke(t *testing.T) (failed bool, answer string) {
	t.Helper()
	return d.ask(t, map[string]any{"use": "image.sync", "jobs": "sync.yml"})
}

// ask is invoke with another event.
func (d *decided) ask(t *testing.T, ask map[string]any) (failed bool, answer string) {
	t.Helper()
	event, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "answer")
	text := d.aws.Must(t, "lambda", "invoke", "--region", "us-east-1", "--function-name", d.function,
		"--payload", string(event), out)
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(text, "FunctionError"), string(raw)
}

func (d *decided) arrived(t *testing.T) []string {
	t.Helper()
	all := slices.DeleteFunc(tagsAt(t, d.home, "shop/api"), func(tag string) bool { return tag == "latest" })
	slices.Sort(all)
	return all
}

// A stop and a ban hold a function back that has neither an app file nor a store of
// its own, and so does a store that cannot be read: on ministack, by the zip and
// the role that create sync-function makes.
func TestAStopAndABanReachTheFunction(t *testing.T) {
	t.Parallel()
	d := newDecided(t)
	d.pack(t, "1")
	made := d.at(t, "jobs", "create", "sync-function", "--jobs", "jobs.yml", "--region", "us-east-1", "--name", d.function, "--bucket", "prd-code",
		"--store", "s3://builds/team", "--app", "shop", "--yes")
	if !strings.Contains(made, "asks before each image for a stop and for bans: s3://builds/team, app shop") || strings.Contains(made, "do not reach this job") {
		t.Errorf("the preview says\n%s", made)
	}

	d.at(t, "app", "stop", "--all", "--reason", "INC-1")
	if failed, answer := d.invoke(t); !failed || !strings.Contains(answer, "everything is stopped by") || !strings.Contains(answer, "refused") || len(d.arrived(t)) > 0 {
		t.Errorf("under a stop: %v arrived, %s", d.arrived(t), answer)
	}
	for _, ask := range []map[string]any{
		{"use": "image.copy", "query": map[string]any{"from": d.origin + "/shop/api:1", "to": d.home + "/shop/api:copy", "insecure": true}},
		{"use": "image.sync", "query": map[string]any{"job": map[string]any{"source": d.origin, "destination": d.home, "insecure": true, "repositories": []string{"shop/api"}, "tags": []string{"1"}}}},
	} {
		if failed, answer := d.ask(t, ask); !failed || !strings.Contains(answer, "everything is stopped by") || len(d.arrived(t)) > 0 {
			t.Errorf("%v under a stop: %v arrived, %s", ask, d.arrived(t), answer)
		}
	}
	d.at(t, "app", "resume", "--all")
	d.at(t, "app", "ban", "1", "--reason", "leaks")
	d.pack(t, "2")
	if failed, answer := d.invoke(t); !failed || !strings.Contains(answer, "1 is banned by") || !slices.Equal(d.arrived(t), []string{"2"}) {
		t.Errorf("with release 1 banned: %v arrived, %s", d.arrived(t), answer)
	}
	d.at(t, "app", "unban", "1")
	if failed, answer := d.invoke(t); failed || !slices.Equal(d.arrived(t), []string{"1", "2"}) {
		t.Errorf("nothing is decided: %v arrived, %s", d.arrived(t), answer)
	}
	d.pack(t, "3")
	d.aws.Must(t, "s3", "rb", "--force", "s3://builds", "--region", "us-east-1")
	if failed, answer := d.invoke(t); !failed || !strings.Contains(answer, "what people decided cannot be read, so nothing is written") || !slices.Equal(d.arrived(t), []string{"1", "2"}) {
		t.Errorf("without the store: %v arrived, %s", d.arrived(t), answer)
	}
}

// Without a store, the person who makes the function is told that a stop does not
// reach it; what flags say of a store is checked.
func TestAFunctionWithoutAStoreIsSaidToBeUnheld(t *testing.T) {
	t.Parallel()
	d := newDecided(t)
	create := []string{"create", "sync-function", "--jobs", "jobs.yml", "--region", "us-east-1", "--name", d.function, "--bucket", "prd-code", "--dry-run"}
	for _, more := range [][]string{nil, {"--store", "none"}} {
		if out := d.at(t, "jobs", append(create, more...)...); !strings.Contains(out, "falkirk stop --all and falkirk ban do not reach this job") || strings.Contains(out, "asks before each image") {
			t.Errorf("%v: the preview says\n%s", more, out)
		}
	}
	for because, more := range map[string][]string{
		"does not say the app":            {"--store", "s3://builds"},
		"--app goes with --store":         {"--app", "shop"},
		"not a store that a job can read": {"--store", "file://here", "--app", "shop"},
	} {
		cmd := exec.CommandContext(t.Context(), d.Binary(), append(create, more...)...)
		cmd.Dir, cmd.Env = filepath.Join(d.folder, "jobs"), d.server.Env()
		if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), because) {
			t.Errorf("%v: %v\n%s", more, err, out)
		}
	}
}
