package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
)

const (
	nonprod = "111111111111"
	prod    = "333333333333"
	admin   = "arn:aws:iam::" + prod + ":role/admin"
	theirs  = "arn:aws:iam::" + nonprod + ":role/admin"
	name    = "falkirk-shop-sync"
)

// syncs is the block of an app whose images come from another account.
const syncs = `
sync:
  - source: 111111111111.dkr.ecr.eu-west-1.amazonaws.com
    destination: 333333333333.dkr.ecr.eu-central-1.amazonaws.com
    account: prd
    repositories: [shop/api, shop/web]
accounts:
  prd: {id: "333333333333", role: "arn:aws:iam::333333333333:role/falkirk-shop", region: eu-central-1}
`

// stage is two accounts on moto, with an administrator in each.
type stage struct {
	*harness.App
	server      *emulators.Server
	here, there emulators.CLI
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{App: harness.New(t), server: emulators.Moto(t)}
	s.here, s.there = s.server.As(t, prod), s.server.As(t, nonprod)
	for _, name := range []string{"shop/api", "shop/web"} {
		s.there.Must(t, "ecr", "create-repository", "--region", "eu-west-1", "--repository-name", name)
	}
	s.there.Must(t, "ecr", "set-repository-policy", "--region", "eu-west-1", "--repository-name", "shop/api", "--policy-text",
		`{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"ecr:BatchGetImage"}]}`)
	s.here.Must(t, "s3", "mb", "s3://prd-code", "--region", "eu-central-1")
	s.write(t, syncs)
	return s
}

func (s *stage) write(t *testing.T, block string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.Dir, "falkirk.yml"))
	if err == nil {
		before, _, _ := strings.Cut(string(raw), "\nsync:")
		err = os.WriteFile(filepath.Join(s.Dir, "falkirk.yml"), []byte(before+block), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// result is the document of a command.
type result struct {
	Exit   struct{ Code int }
	Error  struct{ Kind, Message, Hint string }
	Result struct {
		Changed   bool
		Code      string
		Stacks    []struct{ Name, Account, Region string }
		Policies  []struct{ Resource string }
		Elsewhere []struct {
			Account, Stack, Template, Command string
			Policies                          []struct{ Repository, Policy string }
		}
	}
}

// run runs the program as who is an administrator in the function's account.
func (s *stage) run(t *testing.T, args ...string) (result, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.Binary(), append(args, "--output", "json")...)
	cmd.Dir, cmd.Env = s.Dir, append(s.server.Env(), "NO_COLOR=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return r, out.String()
}

func (s *stage) must(t *testing.T, args ...string) result {
	t.Helper()
	r, text := s.run(t, args...)
	if r.Exit.Code != 0 {
		t.Fatalf("%v: %s", args, text)
	}
	return r
}

// policy is what a repository of the other account says, read by the AWS CLI.
func (s *stage) policy(t *testing.T, repository string) string {
	t.Helper()
	out, err := s.there.Try("ecr", "get-repository-policy", "--region", "eu-west-1", "--repository-name", repository, "--query", "policyText", "--output", "text")
	if err != nil && !strings.Contains(out+err.Error(), "RepositoryPolicyNotFound") {
		t.Fatal(err, out)
	}
	return out
}

func (s *stage) stacks(t *testing.T, c emulators.CLI, region string) string {
	t.Helper()
	return c.Must(t, "cloudformation", "list-stacks", "--region", region, "--query", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName", "--output", "text")
}

func TestAFunctionIsMadeAndRemoved(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	both := []string{"--as", admin, "--source-as", theirs}
	create := append([]string{"create", "sync-function", "--bucket", "prd-code"}, both...)

	r := s.must(t, append(create, "--dry-run")...)
	if len(r.Result.Stacks) != 2 || len(r.Result.Policies) != 2 || r.Result.Changed {
		t.Errorf("it would change %+v", r.Result)
	}
	s.untouched(t)
	if r, _ := s.run(t, create...); r.Exit.Code != 6 {
		t.Errorf("nobody has agreed: %+v", r)
	}
	s.untouched(t)

	if r = s.must(t, append(create, "--yes")...); !r.Result.Changed {
		t.Errorf("made: %+v", r.Result)
	}
	s.made(t, r.Result.Code)
	if again := s.must(t, append(create, "--yes")...); again.Result.Changed || again.Result.Code != r.Result.Code {
		t.Errorf("again: %+v", again.Result)
	}

	// A repository that is no longer copied no longer lets the role in.
	s.write(t, strings.Replace(syncs, "[shop/api, shop/web]", "[shop/api]", 1))
	s.must(t, append(create, "--yes")...)
	if p := s.policy(t, "shop/web"); strings.Contains(p, name) {
		t.Errorf("shop/web still says %s", p)
	}
	if p := s.policy(t, "shop/api"); !strings.Contains(p, name) || !strings.Contains(p, "Theirs") {
		t.Errorf("shop/api says %s", p)
	}

	remove := append([]string{"delete", "sync-function", "--yes"}, both...)
	if r = s.must(t, remove...); !r.Result.Changed {
		t.Errorf("removed: %+v", r.Result)
	}
	s.untouched(t)
	if r = s.must(t, remove...); r.Result.Changed {
		t.Errorf("removed again: %+v", r.Result)
	}
}

// In a bucket with versions the template names the version of the zip. Who may
// write the key cannot change what the function runs; the next run brings the
// zip back.
func TestTheFunctionRunsOneVersionOfItsZip(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.here.Must(t, "s3api", "put-bucket-versioning", "--region", "eu-central-1", "--bucket", "prd-code", "--versioning-configuration", "Status=Enabled")
	create := []string{"create", "sync-function", "--bucket", "prd-code", "--as", admin, "--source-as", theirs, "--yes"}
	code := s.must(t, create...).Result.Code
	key := strings.TrimPrefix(code, "s3://prd-code/")
	version := func() string {
		return strings.TrimSpace(s.here.Must(t, "s3api", "head-object", "--region", "eu-central-1", "--bucket", "prd-code", "--key", key, "--query", "VersionId", "--output", "text"))
	}
	pinned := func() string {
		return s.here.Must(t, "cloudformation", "get-template", "--region", "eu-central-1", "--stack-name", name, "--query", "TemplateBody", "--output", "text")
	}
	first := version()
	if first == "" || first == "None" || !strings.Contains(pinned(), "S3ObjectVersion: "+first) {
		t.Fatalf("version %q of the zip is not in the template:\n%s", first, pinned())
	}
	if again := s.must(t, create...); again.Result.Changed {
		t.Errorf("again: %+v", again.Result)
	}
	other := filepath.Join(t.TempDir(), "other.zip")
	if err := os.WriteFile(other, []byte("not the zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.here.Must(t, "s3", "cp", "--quiet", "--region", "eu-central-1", other, code)
	if !strings.Contains(pinned(), "S3ObjectVersion: "+first) {
		t.Errorf("another object under the key is what the function runs:\n%s", pinned())
	}
	if again := s.must(t, create...); !again.Result.Changed {
		t.Errorf("after another object came under the key: %+v", again.Result)
	}
	if third := version(); third == first || !strings.Contains(pinned(), "S3ObjectVersion: "+third) {
		t.Errorf("the zip is not back: version %s of the key, and the template:\n%s", third, pinned())
	}
	s.zipped(t, code)
}

// untouched sees that nothing is there but what others made.
func (s *stage) untouched(t *testing.T) {
	t.Helper()
	if a, b := s.stacks(t, s.here, "eu-central-1"), s.stacks(t, s.there, "eu-west-1"); strings.Contains(a+b, name) {
		t.Errorf("there are stacks %s %s", a, b)
	}
	if out := s.here.Must(t, "s3", "ls", "--recursive", "s3://prd-code"); strings.TrimSpace(out) != "" {
		t.Errorf("the bucket holds %s", out)
	}
	if api, web := s.policy(t, "shop/api"), s.policy(t, "shop/web"); !strings.Contains(api, "Theirs") || strings.Contains(api+web, name) {
		t.Errorf("the repositories say %s and %s", api, web)
	}
}

// made reads with the AWS CLI what has been made.
func (s *stage) made(t *testing.T, code string) {
	t.Helper()
	var f struct {
		Timeout, MemorySize int
		Runtime             string
		Architectures       []string
		Role                string
	}
	s.here.JSON(t, &f, "lambda", "get-function-configuration", "--region", "eu-central-1", "--function-name", name)
	if f.Timeout != 900 || f.MemorySize != 1024 || f.Runtime != "provided.al2023" || !slices.Equal(f.Architectures, []string{"x86_64"}) && !slices.Equal(f.Architectures, []string{"arm64"}) || !strings.HasSuffix(f.Role, "role/"+name) {
		t.Errorf("the function is %+v", f)
	}
	if p := s.policy(t, "shop/api"); !strings.Contains(p, "Theirs") || !strings.Contains(p, "arn:aws:iam::333333333333:role/"+name) || !strings.Contains(p, "ecr:GetDownloadUrlForLayer") {
		t.Errorf("shop/api says %s", p)
	}
	rules := s.here.Must(t, "events", "list-rules", "--region", "eu-central-1", "--query", "Rules[].ScheduleExpression", "--output", "text")
	pushes := ""
	for _, bus := range strings.Fields(s.here.Must(t, "events", "list-event-buses", "--region", "eu-central-1", "--query", "EventBuses[].Name", "--output", "text")) {
		if bus != "default" { // moto gives a bus of a stack a name of its own
			pushes += s.here.Must(t, "events", "list-rules", "--region", "eu-central-1", "--event-bus-name", bus, "--query", "Rules[].EventPattern", "--output", "text")
		}
	}
	tells := s.there.Must(t, "events", "list-rules", "--region", "eu-west-1", "--query", "Rules[].EventPattern", "--output", "text")
	if !strings.Contains(rules, "rate(5 minutes)") || !strings.Contains(pushes, "shop/web") || !strings.Contains(tells, "shop/web") {
		t.Errorf("the rules are %s, %s and there %s", rules, pushes, tells)
	}
	s.zipped(t, code)
}

// zipped looks into the zip.
func (s *stage) zipped(t *testing.T, code string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "code.zip")
	s.here.Must(t, "s3", "cp", "--quiet", code, path)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(raw); !strings.HasSuffix(code, hex.EncodeToString(sum[:])+".zip") {
		t.Errorf("%s has the bytes of %x", code, sum)
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(z.File) != 2 || z.File[0].Name != "bootstrap" || z.File[0].Mode().Perm() != 0o755 || z.File[1].Name != "sync.yml" {
		t.Fatalf("the zip: %v %+v", err, z.File)
	}
	file, err := z.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := io.ReadAll(file)
	if err != nil || strings.Contains(string(jobs), "account:") || !strings.Contains(string(jobs), "shop/web") {
		t.Errorf("its jobs: %v\n%s", err, jobs)
	}
	// They are jobs that the program understands, and nothing is at their end here.
	at := filepath.Join(t.TempDir(), "sync.yml")
	if err := os.WriteFile(at, jobs, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := s.Command(t.Context(), "sync", "--jobs", at, "--only", "nothing")
	cmd.Env = s.here.Environ()
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "is not one of this job's") {
		t.Errorf("its jobs: %v\n%s", err, out)
	}
}

// Where the account is out of reach that images come from, nothing is made, and
// what has to be done there is said; then each side does its own.
func TestEachAccountDoesItsOwn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ours := []string{"create", "sync-function", "--bucket", "prd-code", "--as", admin, "--yes"}
	r, text := s.run(t, ours...)
	if r.Exit.Code != 4 || len(r.Result.Elsewhere) != 1 || r.Result.Changed {
		t.Fatalf("out of reach: %s", text)
	}
	e := r.Result.Elsewhere[0]
	if e.Account != nonprod || !strings.Contains(e.Template, "events:PutEvents") || len(e.Policies) != 2 || !strings.Contains(e.Policies[0].Policy, "role/"+name) || !strings.Contains(e.Command, "--only-source") {
		t.Errorf("elsewhere: %+v", e)
	}
	s.untouched(t)

	s.must(t, append(ours, "--skip-source")...)
	if p := s.policy(t, "shop/api"); strings.Contains(p, name) {
		t.Errorf("shop/api says %s", p)
	}
	s.must(t, append(strings.Fields(e.Command)[1:], "--source-as", theirs)...)
	s.made(t, "s3://"+strings.TrimSpace(s.here.Must(t, "s3api", "list-objects-v2", "--bucket", "prd-code", "--query", "join('/', ['prd-code', Contents[0].Key])", "--output", "text")))

	if r, text = s.run(t, "delete", "sync-function", "--as", admin, "--yes"); r.Exit.Code != 4 || !r.Result.Changed {
		t.Errorf("delete: %s", text)
	}
	s.must(t, append(strings.Fields(r.Result.Elsewhere[0].Command)[1:], "--source-as", theirs)...)
	s.untouched(t)
}

func TestWhatNoFunctionIsMadeOf(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	library := filepath.Join(s.Dir, "library.zip")
	if err := os.WriteFile(library, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for because, args := range map[string][]string{
		"no bucket is named":         {"--as", admin},
		"nobodys-bucket":             {"--as", admin, "--bucket", "nobodys-bucket"},
		"open " + library:            {"--zip", library, "--bucket", "prd-code"},
		"names no function":          {"--name", "My Function", "--bucket", "prd-code"},
		"is no schedule":             {"--schedule", "daily", "--bucket", "prd-code"},
		"the function is started by": {"--schedule", "none", "--no-push", "--bucket", "prd-code"},
		"128 to 10240 MB":            {"--memory", "64", "--bucket", "prd-code"},
		"no job":                     {"others", "--bucket", "prd-code"},
	} {
		r, text := s.run(t, append([]string{"create", "sync-function", "--yes"}, args...)...)
		if r.Exit.Code != 2 || !strings.Contains(r.Error.Message, because) {
			t.Errorf("%s: %s", because, text)
		}
	}
	s.write(t, strings.Replace(syncs, "[shop/api, shop/web]", `["shop/*"]`, 1))
	if r, text := s.run(t, "create", "sync-function", "--bucket", "prd-code"); r.Exit.Code != 2 || !strings.Contains(r.Error.Message, "cannot list the repositories of another") {
		t.Errorf("a pattern: %s", text)
	}
	s.untouched(t)
}
