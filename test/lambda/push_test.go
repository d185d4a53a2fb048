package lambda

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/images"
)

// An event as ECR sends it meets the rule, which starts the function from its zip
// with the command line that is made of the event, and that one tag is copied: on
// ministack, whose EventBridge and whose Lambda are not ours. Its buses hear
// nothing from other regions or accounts.
func TestAPushIsCopied(t *testing.T) {
	t.Parallel()
	r, s, home := harness.New(t), emulators.Ministack(t, prod), emulators.Registry(t, false)
	aws := s.CLI(t)
	aws.Must(t, "ecr", "create-repository", "--repository-name", "team/web", "--region", "us-east-1")
	aws.Must(t, "s3", "mb", "s3://prd-code", "--region", "us-east-1")
	source := images.Registry{URL: s.URL, User: "AWS", Password: "test"}
	for n, tag := range []string{"test", "other", "third"} {
		if _, err := source.Image(t.Context(), "team/web", tag, uint64(n)); err != nil {
			t.Fatal(err)
		}
	}
	jobs := fmt.Sprintf("sync:\n  - name: web\n    source: ecr:us-east-1\n    destination: http://%s\n    repositories: [team/web]\n    tags: [test, third]\n", home)
	if err := os.WriteFile(filepath.Join(r.Dir, "jobs.yml"), []byte(jobs), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(verb string) {
		cmd := exec.CommandContext(t.Context(), r.Binary(), verb, "sync-function", "--jobs", "jobs.yml", "--region", "us-east-1", "--yes")
		if verb == "create" {
			cmd.Args = append(cmd.Args, "--bucket", "prd-code", "--schedule", "none")
		}
		cmd.Dir, cmd.Env = r.Dir, s.Env()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", verb, err, out)
		}
	}
	command("create")
	for _, tag := range []string{"other", "test"} {
		var sent struct{ FailedEntryCount int }
		aws.JSON(t, &sent, "events", "put-events", "--region", "us-east-1", "--entries", pushed(t, "team/web", tag))
		if sent.FailedEntryCount != 0 {
			t.Fatalf("the event of the push of %s is refused", tag)
		}
	}
	var at []string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) { // until it is there
		if at = tagsAt(t, home, "team/web"); len(at) > 0 {
			break
		}
	}
	if strings.Join(at, " ") != "test" {
		t.Errorf("copied: %v", at)
	}
	command("delete")
	if left := aws.Must(t, "lambda", "list-functions", "--region", "us-east-1", "--query", "Functions[].FunctionName", "--output", "text"); strings.TrimSpace(left) != "" {
		t.Errorf("left: %s", left)
	}
	if left := aws.Must(t, "events", "list-rules", "--region", "us-east-1", "--query", "Rules[].Name", "--output", "text"); strings.TrimSpace(left) != "" {
		t.Errorf("left: %s", left)
	}
}

// pushed is the event of a push, as docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html has it.
func pushed(t *testing.T, repository, tag string) string {
	t.Helper()
	detail, err := json.Marshal(map[string]string{
		"result": "SUCCESS", "repository-name": repository, "action-type": "PUSH", "image-tag": tag,
		"image-digest": "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234",
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal([]map[string]string{{"Source": "aws.ecr", "DetailType": "ECR Image Action", "Detail": string(detail)}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// tagsAt are the tags of a repository, as skopeo sees them; none where it is not
// there.
func tagsAt(t *testing.T, host, repository string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "skopeo", "list-tags", "--tls-verify=false", "docker://"+host+"/"+repository).Output()
	if err != nil {
		return nil
	}
	var list struct{ Tags []string }
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list.Tags
}
