package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
)

// lines are commands about images, one after another. HOST is the registry, DIR the
// folder of the app.
var lines = []string{
	"image ls http://HOST/builds/api", "image ls http://HOST -o json", "image ls http://HOST/none", "image ls HOST --account none", "image ls ecr:nowhere",
	"image inspect http://HOST/builds/api:1", "image inspect http://HOST/builds/api:1 -o json", "image inspect http://HOST/builds/api:9 -o json",
	"image tag http://HOST/builds/api:1 a b --dry-run", "image tag http://HOST/builds/api:1 a b -o json", "image tag http://HOST/builds/api:1 a b",
	"image tag --list DIR/tags", "image tag --list DIR/none", "image tag --list DIR/tags x", "image tag http://HOST/builds/api:9 c -o json", "image tag http://HOST/builds/api:1 -- -c",
	"image copy http://HOST/builds/api:1 http://HOST/other/api:1 -o json", "image copy http://HOST/builds/api:1 http://HOST/other/api:1",
	"image copy http://HOST/builds/api:9 http://HOST/other/api:1 -o json", "image copy http://HOST/builds/api:1 http://HOST/other/narrow:1 --platform linux/s390x",
	"sync --last", "sync --dry-run", "sync -o json", "sync base", "sync nobody", "sync --last -o json", "sync --last nobody -o json", "sync --only api:1", "sync --only other",
	"sync --every 1s -o json", "sync --tag x", "sync --source HOST/builds", "sync --source HOST/builds --last", "sync base --source HOST/builds",
	"sync --insecure --source HOST/builds --destination HOST/flags --repository api --tag 1", "sync --insecure --source HOST/builds --destination HOST/flags --repository api --tag 9 -o json",
	"sync --insecure --source HOST/builds --destination HOST/flags --repository api --semver ??", "sync --insecure --source HOST/builds --destination HOST/flags --repository api --account none",
	"sync --insecure --source HOST/builds --destination HOST/signed --repository api --tag 1 --key DIR/cosign.pub -o json",
	"sync --insecure --source HOST/builds --destination HOST/signed --repository api --tag 1 --key DIR/none.pub", "sync --insecure --source HOST/builds --destination HOST/signed --repository api --tag 1 --key DIR/tags",
	"sync --jobs DIR/jobs.yml -o json", "sync --jobs DIR/jobs.yml --last", "sync --jobs DIR/none.yml", "sync --jobs DIR/jobs.yml two --dry-run --require",
	"stop --all --reason fire", "sync -o json", "sync --dry-run", "image tag http://HOST/builds/api:1 c -o json", "image copy http://HOST/builds/api:1 http://HOST/other/api:2 -o json", "image inspect http://HOST/builds/api:1",
	"resume --all", "ban 1 --reason leaks", "sync -o json", "image copy http://HOST/builds/api:1 http://HOST/banned/api:2 -o json",
}

// changing are parts of the output that differ from run to run: times, and which of
// several tags of one image brings its blobs.
var changing = regexp.MustCompile(`(?m)^.*"(began|seconds|created|bytes|blobs|uploaded|mounted)": .*\n|,$|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?|\d+(\.\d+)? ?m?s\b|, 2\.8 kB|\d blobs? sent \([^)]*\), \d mounted`)

// TestCommandsAboutImagesThroughJSON: a request and a result that were carried as JSON
// say all that the command needs.
func TestCommandsAboutImagesThroughJSON(t *testing.T) {
	t.Parallel()
	plain, carried := newStage(t), newStage(t)
	for _, s := range []*stage{plain, carried} {
		s.must(t, "pack --version 1")
		for name, text := range map[string]string{
			"tags":       "http://HOST/builds/api:1 listed\nhttp://HOST/builds/api:1 again\n",
			"cosign.pub": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEK0lFdHRAGxkdyIEoz0VNUPa3A2/w\n67D4uUWjIL8t1ZQvR6dAzqIv9aUgQl97xuKbLnPBr2pPMkHxgDYx8zzZPg==\n-----END PUBLIC KEY-----\n",
			"jobs.yml":   "sync:\n  - {name: one, source: HOST/builds, destination: HOST/one, repositories: [api], tags: [\"*\"], insecure: true}\n  - {name: two, source: HOST/builds, destination: HOST/two, repositories: [\"no*\"], tags: [\"*\"], insecure: true}\n",
		} {
			if err := os.WriteFile(filepath.Join(s.dir, name), []byte(strings.ReplaceAll(text, "HOST", s.host)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, line := range lines {
		code, text := plain.said(t, line)
		carriedCode, carriedText := carried.said(t, line, ThroughJSON)
		if code != carriedCode || text != carriedText {
			t.Errorf("falkirk %s ends with %d:\n%s\nthrough JSON with %d:\n%s", line, code, text, carriedCode, carriedText)
		}
	}
}

// said runs a command and gives what it printed, without what differs from run to run.
func (s *stage) said(t *testing.T, line string, change ...func(*ui.Wiring)) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	w := wire()
	w.Getenv = func(string) (string, bool) { return "", false }
	for _, c := range change {
		c(&w)
	}
	args := strings.Fields(strings.NewReplacer("HOST", s.host, "DIR", s.dir).Replace(line))
	if !strings.Contains(line, "-- ") {
		args = append(args, "--file", filepath.Join(s.dir, "falkirk.yml"))
	}
	code = cli.Main(context.WithoutCancel(t.Context()), w, ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args)
	text = strings.NewReplacer(s.host, "HOST", s.dir, "DIR").Replace(out.String())
	return code, changing.ReplaceAllString(text, "")
}

// TestFalkirkJobsNamesTheJobsWhereThereIsNoAppFile: as in a function that copies images.
func TestFalkirkJobsNamesTheJobsWhereThereIsNoAppFile(t *testing.T) {
	s := newStage(t)
	s.must(t, "pack --version 1")
	path := s.job(t, "decisions: {app: shop, store: \""+s.store()+"\"}\n")
	t.Chdir(t.TempDir()) // there is no app file here or above
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		w := wire()
		w.Getenv = func(name string) (string, bool) { return path, name == "FALKIRK_JOBS" }
		return cli.Main(context.WithoutCancel(t.Context()), w, ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args), out.String()
	}
	if code, text := run("sync"); code != 0 || !strings.Contains(text, "base: 2 tags: 0 the same, 2 new") {
		t.Errorf("exit code %d\n%s", code, text)
	}
	if code, text := run("sync", "--last"); code != 2 || !strings.Contains(text, "results are kept for jobs of the app file") {
		t.Errorf("exit code %d\n%s", code, text)
	}
	s.must(t, "stop --all --reason fire")
	if code, text := run("sync"); code != 6 || !strings.Contains(text, "everything is stopped by") {
		t.Errorf("under a stop: exit code %d\n%s", code, text)
	}
}
