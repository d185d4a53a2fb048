// Package cli runs the AWS CLI for tests: the real program, of which one process
// is loaded once and forked for each command, as loading costs more than most
// commands do.
package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strconv"
	"strings"

	"falkirk/test/peers"
)

// maxPacket is how long a request may be; longer ones run in a process of their own.
const maxPacket = 100 << 10

// ExitError says that a command ended with a code other than 0.
type ExitError struct{ Code int }

func (e *ExitError) Error() string { return "exit status " + strconv.Itoa(e.Code) }

// Run runs one command. The environment and the folder are those given.
func Run(ctx context.Context, env []string, dir string, args ...string) (stdout, stderr string, err error) {
	server, err := loaded()
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
		return alone(ctx, env, dir, args)
	}
	return server.run(ctx, packet)
}

// alone runs a command in a process of its own.
func alone(ctx context.Context, env []string, dir string, args []string) (string, string, error) {
	program, err := peers.Find("aws")
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Dir = env, dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = &ExitError{exit.ExitCode()}
	}
	return out.String(), errs.String(), err
}
