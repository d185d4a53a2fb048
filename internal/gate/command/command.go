package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/guard"
)

// Gate asks commands.
type Gate struct {
	root    string
	environ []string
	self    []string
	redact  func(string) string
}

// New is the gate for the app whose file is in root; environ is what the
// commands inherit, self is the program and the arguments that lead to
// guard.Main, and redact takes secrets out of a text. It is used before a text is
// cut: a part of a secret cannot be found later.
func New(root string, environ, self []string, redact func(string) string) *Gate {
	return &Gate{root: root, environ: environ, self: self, redact: redact}
}

const (
	exitOpen    = 0
	exitPending = 75 // EX_TEMPFAIL of sysexits.h
)

// Ask runs the command. Exit 0 is open, 75 is pending, and any other end is
// closed, with the last line of the output as the reason. An error says that
// there is no answer: the command was interrupted, its guard was killed, or the
// environment is no longer held.
func (g *Gate) Ask(ctx context.Context, q delivery.Question) (delivery.Verdict, error) {
	s, err := read(q)
	if err != nil {
		return delivery.Verdict{}, err
	}
	limit := s.Timeout.Std()
	if limit == 0 {
		limit = defaultTimeout
	}
	run, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, name := &tail{}, oneLine(g.redact(s.command()))
	r, err := guard.Command{
		Self: g.self, Argv: s.argv(), Dir: filepath.Join(g.root, s.Dir), Env: environ(g.environ, s, q), Output: out,
	}.Run(run)
	if err != nil {
		return delivery.Verdict{}, fmt.Errorf("ask gate %s: %s: %w", q.Gate, name, err)
	}
	if r.Stopped && ctx.Err() != nil {
		return delivery.Verdict{}, fmt.Errorf("ask gate %s: %s was stopped: %w", q.Gate, name, context.Cause(ctx))
	}
	text := out.end(g.redact)
	r.Error = g.redact(r.Error)
	v := judge(name, r, last(text))
	if r.Stopped {
		// What it answers to being stopped is no answer to the question.
		v.Answer, v.Reason = delivery.Shut, fmt.Sprintf("%s was stopped: its guard process was told to end", name)
		if errors.Is(run.Err(), context.DeadlineExceeded) {
			v.Reason = fmt.Sprintf("%s did not end within %s and was stopped", name, delivery.Duration(limit))
		}
	}
	v.Output = withRemarks(text, r)
	return v, nil
}

func read(q delivery.Question) (Settings, error) {
	var s Settings
	if err := json.Unmarshal(q.Settings, &s); err != nil {
		return s, fault.New(fault.Invalid, "settings of gate %s: %w", q.Gate, err)
	}
	if problems := s.Check(); len(problems) > 0 {
		return s, fault.New(fault.Invalid, "settings of gate %s: %s", q.Gate, problems[0])
	}
	return s, nil
}

// judge makes the verdict of how the command ended.
func judge(name string, r guard.Result, last string) delivery.Verdict {
	if r.Error != "" {
		return delivery.Verdict{Answer: delivery.Shut, Reason: fmt.Sprintf("%s cannot be run: %s", name, oneLine(r.Error)), Next: remedy(r.Error)}
	}
	v := delivery.Verdict{Answer: delivery.Shut, Reason: fmt.Sprintf("%s ended with %s", name, r)}
	switch r.Code {
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

// remedy is the next step where a program cannot be run.
func remedy(problem string) string {
	switch {
	case strings.Contains(problem, "permission denied"):
		return "make the program executable (chmod +x FILE), then repeat the command"
	case strings.Contains(problem, "exec format error"):
		return "begin the script with #!/bin/sh, or build the program for this machine"
	case strings.Contains(problem, "not found"), strings.Contains(problem, "no such file"):
		return "install the program, or correct its name in the app file (run or shell of the gate or hook)"
	}
	return "correct run or shell of the gate or hook in the app file, then repeat the command"
}

// withRemarks says at the end of the output what the command left running.
func withRemarks(text string, r guard.Result) string {
	if text != "" && !strings.HasSuffix(text, "\n") && len(r.Left)+len(r.Remain) > 0 {
		text += "\n"
	}
	if len(r.Left) > 0 {
		text += fmt.Sprintf("falkirk: these processes ran on after the command had ended, and were stopped: %s\n", guard.Names(r.Left))
	}
	if len(r.Remain) > 0 {
		text += fmt.Sprintf("falkirk: these processes could not be ended and still run: %s\n", guard.Names(r.Remain))
	}
	return text
}
