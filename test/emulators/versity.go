package emulators

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"falkirk/test/peers"
)

// Versity starts a versitygw server of the test's own: S3 on files, strict about
// headers where other emulators are not. It knows one account.
func Versity(t testing.TB) *Server {
	t.Helper()
	program := peers.Program(t, "versitygw")
	dir := t.TempDir()
	for _, name := range []string{"objects", "meta"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &Server{Account: Root, key: "AKIAFALKIRKTESTS0000"}
	s.start(t, "/health", func(port string) *exec.Cmd {
		return exec.Command(program, "--port", "127.0.0.1:"+port, "--access", s.key, "--secret", "test", "--health", "/health", "--quiet",
			"posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "objects"))
	})
	return s
}
