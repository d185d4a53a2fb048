package python

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/peers"
)

// shell runs a script whose `aws` is the loaded one.
func shell(t *testing.T, script string, env ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Env = append([]string{"PATH=" + AWSFolder(t) + ":/usr/bin:/bin", "HOME=" + t.TempDir()}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// In a shell the loaded AWS CLI behaves as the program does: what it prints, its
// exit code, the folder, the environment and standard input.
func TestAWSFolder(t *testing.T) {
	t.Parallel()
	version, err := exec.Command(peers.Program(t, AWS), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, "aws --version"); err != nil || out != string(version) {
		t.Errorf("the version is %q, %v; want %q", out, err, version)
	}
	var exit *exec.ExitError
	if out, err := shell(t, "aws no-such-service x"); !errors.As(err, &exit) || exit.ExitCode() < 2 || !strings.Contains(out, "Invalid choice") {
		t.Errorf("an unknown command ends with %v and says %q", err, out)
	}
	out, err := shell(t, `cd "$HOME"; printf 'AKIAX\nsecret\neu-west-3\njson\n' | aws configure >/dev/null; aws configure get region; AWS_CONFIG_FILE=none aws configure get region || echo "code $?"`)
	if err != nil || out != "eu-west-3\ncode 1\n" {
		t.Errorf("configured, it says %q, %v", out, err)
	}
}

// A request that is longer than a packet is done all the same.
func TestLongRequest(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100<<10)
	env := []string{"A=" + long, "B=" + long, "C=" + long}
	out, err := shell(t, "aws configure get region; aws --version", append(env, "AWS_CONFIG_FILE=/dev/null")...)
	if err != nil || !strings.Contains(out, "aws-cli/") {
		t.Errorf("it says %q, %v", out, err)
	}
	if out, errs, err := Run(t.Context(), AWS, env, "", "--version"); err != nil || !strings.Contains(out, "aws-cli/") {
		t.Errorf("it says %q %q, %v", out, errs, err)
	}
}

// cfn-lint finds what is wrong, in one run and the next.
func TestLint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"good.yaml": "Resources: {T: {Type: 'AWS::SNS::Topic'}}", "bad.yaml": "Resources: {T: {Type: 'AWS::SNS::Nothing'}}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if out, errs, err := Run(t.Context(), Lint, os.Environ(), dir, "good.yaml"); err != nil {
			t.Errorf("a good template: %v %s%s", err, out, errs)
		}
		out, _, err := Run(t.Context(), Lint, os.Environ(), dir, "bad.yaml")
		if exit := (*ExitError)(nil); !errors.As(err, &exit) || !strings.Contains(out, "AWS::SNS::Nothing") {
			t.Errorf("a bad template: %v %s", err, out)
		}
	}
}
