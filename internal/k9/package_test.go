package k9

import (
	"archive/zip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// published opens the package k9 1.0.0 as PyPI has it.
func published(t *testing.T) *zip.ReadCloser {
	t.Helper()
	missing := func(why string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip("NOT TESTED: " + why)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		missing("python3 is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--retries", "1", "--only-binary", ":all:", "--dest", dir, "k9==1.0.0")
	if out, err := cmd.CombinedOutput(); err != nil {
		missing("the package k9 cannot be had: " + string(out))
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	r, err := zip.OpenReader(found[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// rendered is one of its templates with our values, as it fills them in.
func rendered(t *testing.T, r *zip.ReadCloser, name string) string {
	t.Helper()
	f, err := r.Open("k9/yaml/ecr-sync/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("{{appName}}", "grove", "{{region}}", "eu-west-1", "{{account}}", "222222222222", "{{clusterName}}", "prd").Replace(string(raw))
}

func TestWhatThePublishedPackageWritesIsRead(t *testing.T) {
	t.Parallel()
	r := published(t)
	text := rendered(t, r, "ecr-sync-values-template.yml")
	got, err := Parse([]byte(text))
	want := Values{
		AppName: "grove", Region: "eu-west-1", ClusterName: "prd", Namespace: "grove-ecr-sync", SourceRegion: "eu-west-1",
		Own: "222222222222", Schedule: "*/2 * * * *", Name: K9Name, OfK9: true,
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s\n%s", err, d, text)
	}
	if blanks := got.Blanks(); len(blanks) != 1 || blanks[0].Key != "env.np_account" {
		t.Errorf("to be filled in: %v", blanks)
	}
	job := rendered(t, r, "ecr-sync-cj-template.yml")
	for _, part := range []string{"name: '" + K9Name + "'", "- name: ecr-cron-job\n", `- "/sync.sh"`, "path: '/var/run/docker.sock'"} {
		if !strings.Contains(job, part) {
			t.Errorf("its CronJob has no %s: it would not be known as k9's", part)
		}
	}
}
