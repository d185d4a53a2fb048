package python_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
)

// Credentials of a role are kept in the HOME of the command, not in that of the
// tests: those of one server are not known to another.
func TestCredentialsAreKeptInHome(t *testing.T) {
	t.Parallel()
	for range 2 {
		server, home := emulators.Moto(t), t.TempDir()
		if err := os.WriteFile(filepath.Join(home, "config"), []byte("[profile prd]\nrole_arn = arn:aws:iam::222222222222:role/deploy\ncredential_source = Environment\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "aws --profile prd sts get-caller-identity --query Account --output text")
		cmd.Env = append(server.Env(), "HOME="+home, "AWS_CONFIG_FILE="+home+"/config", "PATH="+python.AWSFolder(t)+":/usr/bin:/bin")
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "222222222222\n" {
			t.Fatalf("the account is %q, %v", out, err)
		}
		if kept, err := os.ReadDir(filepath.Join(home, ".aws/cli/cache")); err != nil || len(kept) != 1 {
			t.Errorf("HOME has the credentials %v, %v", kept, err)
		}
	}
}
