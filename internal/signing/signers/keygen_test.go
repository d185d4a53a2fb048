package signers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const space = "falkirk-approval"

// keygen runs the real ssh-keygen.
func keygen(t *testing.T, dir, stdin string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ssh-keygen is missing; test/peers/install installs it")
		}
		t.Skip("LEFT OUT: ssh-keygen is missing")
	}
	cmd := exec.CommandContext(t.Context(), "ssh-keygen", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	if out, err := keygen(t, dir, stdin, args...); err != nil {
		t.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
	}
}

func newKey(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	must(t, dir, "", append([]string{"-q", "-N", "", "-C", name, "-f", name}, args...)...)
}

func public(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func sign(t *testing.T, dir, key, message string, args ...string) string {
	t.Helper()
	path := filepath.Join(dir, "message-"+filepath.Base(key))
	if err := os.WriteFile(path, []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path + ".sig")
	must(t, dir, "", append(append([]string{"-Y", "sign", "-q", "-f", key}, args...), path)...)
	raw, err := os.ReadFile(path + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// agrees holds our verdict against ssh-keygen's.
func agrees(t *testing.T, dir, list, who, message, armored string, at time.Time) (ours error) {
	t.Helper()
	for name, text := range map[string]string{"list": list, "sig": armored} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := keygen(t, dir, message, "-Y", "verify", "-f", "list", "-I", who, "-n", space, "-s", "sig",
		"-O", "verify-time="+at.UTC().Format("20060102150405Z"))
	_, ours = Parse(list, "list").Verify(who, message, armored, space, at)
	if (ours == nil) != (err == nil) {
		t.Errorf("%s at %s by\n%s\nwe say %v, ssh-keygen says %v: %s", who, at, list, ours, err, out)
	}
	return ours
}
