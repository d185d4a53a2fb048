package iam

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
	"falkirk/test/images"
)

const jobRole = "falkirk-shop-sync"

// job is a function that copies images, made by the real program, as it would run:
// with the file of jobs of its zip and the credentials of its role.
type job struct {
	*stage
	folder string   // of its zip
	env    []string // of its role
	origin string   // registry that images come from
	home   string   // registry that images go to
	images uint64   // that were pushed
}

func newJob(t *testing.T) *job {
	t.Helper()
	s := newStage(t)
	j := &job{stage: s, folder: t.TempDir(), origin: emulators.Registry(t, false), home: emulators.Registry(t, false)}
	j.push(t)
	s.write(t, "jobs.yml", "sync:\n  - {name: shop, source: "+j.origin+", destination: "+j.home+", insecure: true, repositories: [shop], tags: [\"*\"]}\n")
	s.admin[prod].Must(t, "s3", "mb", "s3://shop-code", "--region", "eu-central-1")
	witness := func(id string) string { return "arn:aws:iam::" + id + ":role/witness" }
	out, err := s.run(t.Context(), s.others[2], "create", "sync-function", "--jobs", "jobs.yml", "--region", "eu-central-1", "--bucket", "shop-code",
		"--as", witness(prod), "--source-as", witness(builds), "--yes")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "s3://shop-builds/team, app shop") || !strings.Contains(out, "policy of arn:aws:s3:::shop-builds") {
		t.Errorf("the preview says\n%s", out)
	}
	j.unzip(t, out)
	j.attach(t, j.templated(t)) // the emulator cannot judge by a policy that a stack has attached
	j.env = j.credentials(t, s.others[2])
	return j
}

// templated is the policy of the job's role, as the stack has it.
func (j *job) templated(t *testing.T) []statement {
	t.Helper()
	text := j.admin[prod].Must(t, "cloudformation", "get-template", "--region", "eu-central-1", "--stack-name", jobRole, "--query", "TemplateBody", "--output", "text")
	var file struct {
		Resources struct {
			Role struct {
				Properties struct {
					Policies []struct {
						PolicyDocument struct{ Statement []statement }
					}
				}
			}
		}
	}
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil || len(file.Resources.Role.Properties.Policies) != 1 {
		t.Fatalf("read the template: %v\n%s", err, text)
	}
	return file.Resources.Role.Properties.Policies[0].PolicyDocument.Statement
}

// attach puts another one in its place.
func (j *job) attach(t *testing.T, all []statement) {
	t.Helper()
	j.admin[prod].Must(t, "iam", "put-role-policy", "--role-name", jobRole, "--policy-name", jobRole, "--policy-document", document(t, all))
}

// credentials are those of the role. Lambda takes it in truth; the emulator does
// not ask who may.
func (j *job) credentials(t *testing.T, as []string) []string {
	t.Helper()
	var made struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	out, errs, err := python.Run(t.Context(), python.AWS, as, "", "sts", "assume-role", "--role-arn", "arn:aws:iam::"+prod+":role/"+jobRole, "--role-session-name", "job")
	if err == nil {
		err = json.Unmarshal([]byte(out), &made)
	}
	if err != nil {
		t.Fatalf("take the role: %v\n%s%s", err, out, errs)
	}
	c := made.Credentials
	return append(slices.Clone(as), "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken)
}

// unzip takes the file of jobs out of the zip that a command names.
func (j *job) unzip(t *testing.T, out string) {
	t.Helper()
	_, at, _ := strings.Cut(out, "s3://shop-code/")
	at, _, _ = strings.Cut(at, ".zip")
	path := filepath.Join(t.TempDir(), "code.zip")
	j.admin[prod].Must(t, "s3", "cp", "--quiet", "--region", "eu-central-1", "s3://shop-code/"+at+".zip", path)
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	file, err := r.Open("sync.yml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(file)
	if err == nil {
		err = os.WriteFile(filepath.Join(j.folder, "sync.yml"), raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copies runs the job.
func (j *job) copies(t *testing.T) (code int, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), j.falkirk, "sync", "--jobs", "sync.yml")
	cmd.Dir, cmd.Env = j.folder, j.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the code says it
	return cmd.ProcessState.ExitCode(), out.String()
}

// must decides something, as a person who may.
func (j *job) must(t *testing.T, args ...string) {
	t.Helper()
	if _, err := j.run(t.Context(), j.stage.env, args...); err != nil {
		t.Fatal(err)
	}
}

// push brings a new image that the job has to copy, and gives its tag.
func (j *job) push(t *testing.T) string {
	t.Helper()
	j.images++
	tag := fmt.Sprintf("test-%d", j.images)
	if _, err := images.At(j.origin).Image(t.Context(), "shop", tag, j.images); err != nil {
		t.Fatal(err)
	}
	return tag
}

// needed has the job run without one thing after another: a run that is refused
// because of it needs it. Nothing may be written then.
func (j *job) needed(t *testing.T, what string, found map[string]bool) {
	t.Helper()
	tag := j.push(t)
	code, text := j.copies(t)
	found[what] = code == 6 && strings.Contains(text, "what people decided cannot be read, so nothing is written")
	_, _, missing := images.At(j.home).Read(t.Context(), "shop", tag)
	arrived := missing == nil
	if code != 0 && !found[what] || found[what] == arrived {
		t.Errorf("without %s: exit code %d, %s arrived: %t\n%s", what, code, tag, arrived, text)
	}
}

// The role of a job reads what people decided in the store of another account, by
// its own policy and by that of the bucket. Without any part of either the job
// writes nothing, and it may read and write nothing else there.
func TestAJobReadsWhatPeopleDecidedAndNoMore(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.must(t, "pack", "--version", "1.0.0")
	j.must(t, "stop", "--all", "--reason", "INC-1")
	if code, text := j.copies(t); code != 6 || !strings.Contains(text, "everything is stopped by ann") {
		t.Fatalf("under a stop: exit code %d\n%s", code, text)
	}
	j.must(t, "resume", "--all")
	j.must(t, "ban", "1.0.0", "--reason", "leaks") // so that releases and blobs are read, too
	found := map[string]bool{}
	j.ownPolicy(t, found)
	j.bucketPolicy(t, found)
	want := map[string]bool{
		"role s3:ListBucket": true, "role s3:GetObject": true,
		"role ledger/shop/_app/*": true, "role ledger-head/shop/_app.json": true, "role releases/shop/*": true, "role blobs/sha256/*": true,
		"role ledger-snapshot/shop/_app.json": false, // a cache: without it each entry is read
		"bucket s3:ListBucket":                true, "bucket s3:GetObject": true,
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("what the job needs is not what is expected (-want +is):\n%s", d)
	}
	j.nothingElse(t)
	if code, text := j.copies(t); code != 0 {
		t.Errorf("with all of it: exit code %d\n%s", code, text)
	}
}

// ownPolicy takes away each action, and each object, of what the role may read.
func (j *job) ownPolicy(t *testing.T, found map[string]bool) {
	t.Helper()
	all := j.templated(t)
	for i, st := range all {
		if !strings.HasPrefix(st.Sid, "Decisions") {
			continue
		}
		for _, action := range st.actions() {
			j.attach(t, without(all, i, action))
			j.needed(t, "role "+action, found)
		}
		var objects []string
		if json.Unmarshal(st.Resource, &objects) != nil {
			continue // one only
		}
		for n, object := range objects {
			less := slices.Clone(all)
			raw, err := json.Marshal(slices.Delete(slices.Clone(objects), n, n+1))
			if err != nil {
				t.Fatal(err)
			}
			less[i].Resource = raw
			j.attach(t, less)
			j.needed(t, "role "+strings.TrimPrefix(object, "arn:aws:s3:::shop-builds/team/"), found)
		}
	}
	j.attach(t, all)
}

// bucketPolicy takes away each statement that lets the role in.
func (j *job) bucketPolicy(t *testing.T, found map[string]bool) {
	t.Helper()
	cli := j.admin[builds]
	var got struct{ Policy string }
	cli.JSON(t, &got, "s3api", "get-bucket-policy", "--bucket", "shop-builds")
	var whole struct{ Statement []json.RawMessage }
	if err := json.Unmarshal([]byte(got.Policy), &whole); err != nil {
		t.Fatalf("the bucket policy is %s: %v", got.Policy, err)
	}
	put := func(these []json.RawMessage) {
		raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": these})
		if err != nil {
			t.Fatal(err)
		}
		cli.Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", string(raw))
	}
	for i, raw := range whole.Statement {
		if !strings.Contains(string(raw), "role/"+jobRole) {
			continue
		}
		var st statement
		if err := json.Unmarshal(raw, &st); err != nil {
			t.Fatal(err)
		}
		put(slices.Delete(slices.Clone(whole.Statement), i, i+1))
		j.needed(t, "bucket "+strings.Join(st.actions(), " "), found)
	}
	put(whole.Statement)
}

// nothingElse: the record of an environment, and whatever would change the store.
func (j *job) nothingElse(t *testing.T) {
	t.Helper()
	j.admin[builds].Must(t, "s3api", "put-object", "--bucket", "shop-builds", "--key", "team/ledger/shop/prd/0000000001.json", "--if-none-match", "*")
	const bucket = "shop-builds"
	for what, args := range map[string][]string{
		"read the record of prd": {"s3api", "get-object", "--bucket", bucket, "--key", "team/ledger/shop/prd/0000000001.json", filepath.Join(t.TempDir(), "x")},
		"read another app":       {"s3api", "get-object", "--bucket", bucket, "--key", "team/releases/other/1.json", filepath.Join(t.TempDir(), "x")},
		"write a decision":       {"s3api", "put-object", "--bucket", bucket, "--key", "team/ledger/shop/_app/0000000099.json", "--if-none-match", "*"},
		"write a blob":           {"s3api", "put-object", "--bucket", bucket, "--key", "team/blobs/sha256/aa", "--if-none-match", "*"},
		"delete a decision":      {"s3api", "delete-object", "--bucket", bucket, "--key", "team/ledger/shop/_app/0000000001.json"},
	} {
		_, out, err := python.Run(t.Context(), python.AWS, append(j.env, "PATH="+os.Getenv("PATH")), "", args...)
		if err == nil || !strings.Contains(out, "AccessDenied") && !strings.Contains(out, "Forbidden") && !strings.Contains(out, "not authorized") {
			t.Errorf("the job may %s: %v\n%s", what, err, out)
		}
	}
}
