package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Gate asks commands.
type Gate struct {
	root    string
	environ []string
}

// New is the gate for the app whose file is in root; environ is what the
// commands inherit.
func New(root string, environ []string) *Gate { return &Gate{root: root, environ: environ} }

const (
	exitOpen    = 0
	exitPending = 75 // EX_TEMPFAIL of sysexits.h
)

// grace is how long a command has between being asked to stop and being
// killed, and what it left behind to let go of the output.
const grace = 2 * time.Second

// Ask runs the command. Exit 0 is open, 75 is pending, and whatever else
// becomes of it is closed, with its last line as the reason. The error says
// only that the asking was broken off.
func (g *Gate) Ask(ctx context.Context, q delivery.Question) (delivery.Verdict, error) {
	var s Settings
	if err := json.Unmarshal(q.Settings, &s); err != nil {
		return delivery.Verdict{}, fault.New(fault.Invalid, "settings of gate %s: %w", q.Gate, err)
	}
	if problems := s.Check(); len(problems) > 0 {
		return delivery.Verdict{}, fault.New(fault.Invalid, "settings of gate %s: %s", q.Gate, problems[0])
	}
	limit := s.Timeout.Std()
	if limit == 0 {
		limit = defaultTimeout
	}
	run, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := &tail{}
	cmd := exec.CommandContext(run, s.argv()[0], s.argv()[1:]...)
	cmd.Dir = filepath.Join(g.root, s.Dir)
	cmd.Env = environ(g.environ, s, q)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = grace
	isolate(cmd)
	err := cmd.Run()
	killRest(cmd)
	if ctx.Err() != nil && err != nil {
		return delivery.Verdict{}, fmt.Errorf("ask gate %s: %s was stopped: %w", q.Gate, s, context.Cause(ctx))
	}
	v := judge(s, cmd, err, out.last())
	if err != nil && errors.Is(run.Err(), context.DeadlineExceeded) {
		// Whatever it answers to being stopped is no answer to the question.
		v.Answer = delivery.Shut
		v.Reason = fmt.Sprintf("%s did not end within %s and was stopped", s, delivery.Duration(limit))
	}
	v.Output = out.String()
	return v, nil
}

// judge makes the verdict of what became of the command.
func judge(s Settings, cmd *exec.Cmd, err error, last string) delivery.Verdict {
	state := cmd.ProcessState
	if state == nil {
		return delivery.Verdict{Answer: delivery.Shut, Reason: fmt.Sprintf("%s cannot be run: %s", s, oneLine(err.Error()))}
	}
	v := delivery.Verdict{Answer: delivery.Shut, Reason: fmt.Sprintf("%s ended with %s", s, state)}
	var exit *exec.ExitError
	// What was left running is no part of the answer.
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		v.Reason = fmt.Sprintf("%s: %s", s, oneLine(err.Error()))
		return v
	}
	switch state.ExitCode() {
	case exitOpen:
		v.Answer = delivery.Open
	case exitPending:
		v.Answer = delivery.Waiting
	}
	if last != "" {
		v.Reason += ": " + last
	}
	return v
}
