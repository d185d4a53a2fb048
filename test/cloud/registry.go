package cloud

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Registry starts Debian's docker-registry (distribution 2.8) on loopback, in
// memory of a folder that goes with the test, and gives its host and port.
func Registry(t testing.TB, deletes bool) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("no docker-registry: run ./test/peers")
	}
	if err != nil {
		t.Skip("LEFT OUT: no docker-registry: run ./test/peers")
	}
	dir := t.TempDir()
	s := &Server{}
	s.start(t, "/v2/", func(port string) *exec.Cmd {
		config := filepath.Join(dir, "config.yml")
		text := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: %t}}\nhttp: {addr: 127.0.0.1:%s}\n",
			filepath.Join(dir, "data"), deletes, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command(program, "serve", config)
	})
	return strings.TrimPrefix(s.URL, "http://")
}

// Skopeo runs skopeo, an independent client of registries, and gives what it
// printed.
func Skopeo(t testing.TB, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("skopeo")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("no skopeo: run ./test/peers")
	}
	if err != nil {
		t.Skip("LEFT OUT: no skopeo: run ./test/peers")
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("skopeo %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}
