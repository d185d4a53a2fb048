// Package python runs programs in Python for tests: the real AWS CLI and the real
// cfn-lint. One process for each program is loaded once and forked for each
// command, as loading costs more than most commands do.
package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"falkirk/test/peers"
)

// The programs that can be run.
const (
	AWS  = "aws"
	Lint = "cfn-lint"
)

// maxPacket is how long a request may be; longer ones run in a process of their own.
const maxPacket = 100 << 10

// ExitError says that a command ended with a code other than 0.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return "exit status " + strconv.Itoa(e.Code) }

// Run runs one command. The environment and the folder are those given.
func Run(ctx context.Context, program string, env []string, dir string, args ...string) (stdout, stderr string, err error) {
	server, err := loaded(program)
	if err != nil {
		return "", "", err
	}
	variables := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		variables[name] = value
	}
	packet, err := json.Marshal(map[string]any{"args": args, "env": variables, "dir": dir})
	if err != nil {
		return "", "", err
	}
	if len(packet) > maxPacket || server == nil {
		return alone(ctx, program, env, dir, args)
	}
	return server.run(ctx, packet)
}

// alone runs a command in a process of its own.
func alone(ctx context.Context, program string, env []string, dir string, args []string) (string, string, error) {
	path, err := peers.Find(program)
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir = env, dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = &ExitError{exit.ExitCode()}
	}
	return out.String(), errs.String(), err
}

// AWSFolder is a folder, for PATH, whose program `aws` runs its commands in forks
// of the loaded AWS CLI.
func AWSFolder(t testing.TB) string {
	t.Helper()
	real := peers.Program(t, AWS)
	server, err := loaded(AWS)
	if err != nil {
		t.Fatal(err)
	}
	if server == nil {
		return filepath.Dir(real)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!%s -IS\nADDRESS, PROGRAM = %q, %q\n%s", filepath.Join(filepath.Dir(real), "python"), server.address, real, client)
	if err := os.WriteFile(filepath.Join(dir, AWS), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return dir
}
