// Package peers finds the programs that tests run beside ours, and installs
// those that `make test` may install when a test needs them.
package peers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Program is the path of a program of another project. With FALKIRK_PEERS=install
// in the environment, as `make test` sets it, a missing one is installed, which
// takes minutes for some. Without the program the test is left out, or fails
// under CI=true.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := Find(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip("LEFT OUT: ", err)
	return ""
}

// Find is Program for what is no test.
func Find(name string) (string, error) {
	find, _ := found.LoadOrStore(name, sync.OnceValues(func() (string, error) { return find(name) }))
	return find.(func() (string, error))()
}

// found holds one answer for each program, as each costs a shell.
var found sync.Map

func find(name string) (string, error) {
	_, file, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(file), "install")
	switch mode := os.Getenv("FALKIRK_PEERS"); mode {
	case "":
	case "install":
		cmd := exec.Command(script, name)
		cmd.Stdout = os.Stderr
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("install %s: %w\n%s", name, err, errs.String())
		}
		_, _ = os.Stderr.Write(errs.Bytes()) // why it could not be installed
	default:
		return "", fmt.Errorf("FALKIRK_PEERS is %q; the only value is \"install\"", mode)
	}
	out, err := exec.Command(script, "--path", name).Output()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	path := strings.TrimSpace(string(out))
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is not installed: run ./test/peers/install %s", name, name)
	}
	return path, nil
}
