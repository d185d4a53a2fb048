package keys

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/signing/signers"
)

const space = "falkirk-approval"

// home is a folder with a key in .ssh, and nothing of this machine's settings.
func home(t *testing.T, names ...string) string {
	t.Helper()
	for _, program := range []string{"ssh-keygen", "ssh-agent", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(program + " is missing; test/peers/install installs it")
			}
			t.Skip("LEFT OUT: " + program + " is missing")
		}
	}
	dir := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(dir, "gitconfig"))
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_COUNT", "0")
	t.Setenv("SSH_AUTH_SOCK", "")
	if err := os.Mkdir(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(dir, ".ssh", name))
	}
	return dir
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// works signs and holds the signature against a list with that key only.
func works(t *testing.T, k Key, comment string) {
	t.Helper()
	if !strings.HasSuffix(k.Public, " "+comment) {
		t.Errorf("the key is %q, want that of %s", k.Public, comment)
	}
	sig, err := k.Sign(t.Context(), "a message\n", space, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	list := signers.Parse("anna "+k.Public, "list")
	if _, err := list.Verify("anna", "a message\n", sig, space, time.Now()); err != nil {
		t.Error(err)
	}
}

func find(t *testing.T, path, dir string) Key {
	t.Helper()
	k, err := Find(t.Context(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFind(t *testing.T) { //nolint:paralleltest // it sets the environment
	dir := home(t, "id_rsa", "id_ed25519", "given")
	works(t, find(t, "", dir), "id_ed25519")
	works(t, find(t, "~/.ssh/given", dir), "given")
	works(t, find(t, filepath.Join(dir, ".ssh", "given.pub"), dir), "given")
	run(t, "git", "config", "--global", "user.signingkey", filepath.Join(dir, ".ssh", "given"))
	works(t, find(t, "", dir), "id_ed25519") // git signs with OpenPGP
	run(t, "git", "config", "--global", "gpg.format", "ssh")
	works(t, find(t, "", dir), "given")
}

func TestNoKey(t *testing.T) { //nolint:paralleltest // it sets the environment
	dir := home(t)
	for path, says := range map[string]string{"": "no SSH key", filepath.Join(dir, "none"): "read the public key beside"} {
		if _, err := Find(t.Context(), path, dir); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), says) || fault.HintOf(err) == "" {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// TestAgent signs with keys whose private halves only an agent has.
func TestAgent(t *testing.T) {
	dir := home(t, "id_ed25519")
	private := filepath.Join(dir, ".ssh", "id_ed25519")
	k := find(t, "", dir)
	sock := startAgent(t)
	run(t, "ssh-add", "-q", private)
	if err := os.Remove(private); err != nil {
		t.Fatal(err)
	}
	works(t, find(t, private+".pub", dir), "id_ed25519")
	run(t, "git", "config", "--global", "gpg.format", "ssh")
	run(t, "git", "config", "--global", "user.signingkey", "key::"+k.Public)
	works(t, find(t, "", dir), "id_ed25519")
	t.Setenv("SSH_AUTH_SOCK", sock+"-gone")
	if _, err := find(t, "", dir).Sign(t.Context(), "m", space, io.Discard); !fault.Is(err, fault.Invalid) {
		t.Errorf("signed by nobody: %v", err)
	}
}

func startAgent(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent-") //nolint:usetesting // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(dir, "s")
	agent := exec.Command("ssh-agent", "-D", "-a", sock)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = agent.Process.Kill() // it may have gone
		_ = agent.Wait()
		_ = os.RemoveAll(dir)
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(sock); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the agent does not come up")
		}
		time.Sleep(5 * time.Millisecond) // wait for the fact; the deadline fails the test
	}
	t.Setenv("SSH_AUTH_SOCK", sock)
	return sock
}
