// Package guard runs a command of the user under a process of its own, the
// guard. The guard ends the command and everything that it has started when
// falkirk asks for it, when falkirk dies, and when the lease of the environment
// runs out, even while falkirk itself is stopped. It does not judge what the
// command says.
package guard

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// Command is a program that runs under a guard. It has no terminal and reads
// nothing.
type Command struct {
	Self   []string  // program and hidden arguments that lead to Main
	Argv   []string  // the program and its arguments
	Dir    string    // the folder to run in
	Env    []string  // the whole environment of the command
	Output io.Writer // gets standard output and standard error
}

// Grace is how long a command has between being asked to stop and being killed.
const Grace = 2 * time.Second

// markName is the variable by which the processes of a command are found when
// its guard was killed.
const markName = "FALKIRK_GUARD"

// message is what falkirk writes to the guard, one JSON value after the other.
// The end of the pipe is the end of falkirk.
type message struct {
	Start *start         `json:"start,omitempty"` // always first
	Until *time.Duration `json:"until,omitempty"` // deadline of the lease, on the clock of fence.SinceBoot
	Stop  bool           `json:"stop,omitempty"`  // ask everything to stop, kill it after the grace
}

type start struct {
	Path string   `json:"path"`
	Argv []string `json:"argv"`
	Dir  string   `json:"dir"`
}

// Result is how a command ended.
type Result struct {
	Error   string    `json:"error,omitempty"`   // why it cannot be run; nothing else is set then
	Code    int       `json:"code"`              // exit status; -1 after a signal
	Signal  int       `json:"signal,omitempty"`  // that ended it
	Left    []Process `json:"left,omitempty"`    // ran on after the command had ended, and were stopped
	Remain  []Process `json:"remain,omitempty"`  // could not be ended and still run
	Stopped bool      `json:"stopped,omitempty"` // it was asked to stop before it had ended
	Expired bool      `json:"expired,omitempty"` // the lease ran out, so everything was killed
}

// Process is one process for people.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
}

func (p Process) String() string { return fmt.Sprintf("%s (process %d)", p.Name, p.PID) }

// String is how the command ended, in the words of the Go library.
func (r Result) String() string {
	if r.Signal != 0 {
		return "signal: " + syscall.Signal(r.Signal).String()
	}
	return fmt.Sprintf("exit status %d", r.Code)
}

// Run runs the command to its end. The error says that nothing is known of how
// it ended: that the lease is lost, or the guard was killed. When ctx ends the
// command is stopped, and the result says how it took that.
func (c Command) Run(ctx context.Context) (Result, error) {
	if err := fence.Check(ctx); err != nil {
		return Result{}, err
	}
	first, err := c.first(ctx)
	if err != nil {
		return Result{Error: err.Error()}, nil
	}
	mark := markName + "=" + rand.Text()
	report := &bytes.Buffer{}
	cmd := exec.Command(c.Self[0], c.Self[1:]...)
	cmd.Env = append(append([]string{}, c.Env...), mark)
	cmd.Stdout, cmd.Stderr = report, c.Output
	cmd.WaitDelay = Grace // a process that nobody could end may keep the output open
	separate(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return Result{}, err
	}
	if err := cmd.Start(); err != nil {
		return Result{}, fault.New(fault.Internal, "start the guard process: %w", err)
	}
	ended := make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		tell(ctx, cmd, in, first, ended)
	}()
	err = cmd.Wait()
	close(ended)
	<-told
	return outcome(ctx, report.Bytes(), err, func() []Process { return endMarked(cmd.Process.Pid, mark) })
}

// first is the message that starts the command; an error says why it cannot.
func (c Command) first(ctx context.Context) (message, error) {
	found := exec.Command(c.Argv[0], c.Argv[1:]...)
	if found.Err != nil {
		return message{}, found.Err
	}
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil {
			return message{}, err
		} else if !info.IsDir() {
			return message{}, fmt.Errorf("%s is not a folder", c.Dir)
		}
	}
	m := message{Start: &start{Path: found.Path, Argv: c.Argv, Dir: c.Dir}}
	if f := fence.From(ctx); f != nil {
		until, _ := f.Deadline()
		m.Until = &until
	}
	return m, nil
}

// tell writes to the guard until it has ended: each new deadline of the lease,
// and to stop when ctx ends. A guard that does not obey is killed.
func tell(ctx context.Context, cmd *exec.Cmd, in io.Writer, first message, ended <-chan struct{}) {
	to := json.NewEncoder(in)
	_ = to.Encode(first) // a guard that is gone shows when it is waited for
	for {
		var changed <-chan struct{}
		if f := fence.From(ctx); f != nil {
			var until time.Duration
			until, changed = f.Deadline()
			_ = to.Encode(message{Until: &until})
		}
		select {
		case <-ended:
			return
		case <-changed:
			continue
		case <-ctx.Done():
		}
		_ = to.Encode(message{Stop: true})
		limit := time.NewTimer(Grace + killLimit + 5*time.Second)
		defer limit.Stop()
		select {
		case <-ended:
		case <-limit.C:
			_ = cmd.Process.Kill()
		}
		return
	}
}

// outcome reads the guard's report. Without one the guard was killed, and what
// it guarded is ended here.
func outcome(ctx context.Context, report []byte, err error, sweep func() []Process) (Result, error) {
	var r Result
	if jsonErr := json.Unmarshal(report, &r); jsonErr != nil {
		left := sweep()
		if err == nil || errors.Is(err, exec.ErrWaitDelay) {
			err = jsonErr
		}
		lost := fault.New(fault.Internal, "the guard process of the command ended (%w), so the command was killed", err)
		if len(left) > 0 {
			lost = fault.New(fault.Internal, "%w; these processes could not be ended and still run: %s", lost, Names(left))
		}
		return Result{Remain: left}, lost
	}
	if !r.Expired {
		return r, nil
	}
	if err := fence.Check(ctx); err != nil {
		return r, fmt.Errorf("the command was killed: %w", err)
	}
	return r, fault.New(fault.Locked, "the command was killed: %w: its lease ran out", fence.ErrLost)
}

// Names lists processes in one line, at most ten.
func Names(all []Process) string {
	const most = 10
	var b bytes.Buffer
	for i, p := range all {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(all)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.String())
	}
	return b.String()
}
