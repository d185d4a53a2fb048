// Package command is the gate that asks a command. It judges the command's
// exit code and last line, not what the command does.
package command

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Settings is the block of a command gate.
type Settings struct {
	Run     []string          `json:"run,omitempty" yaml:"run,omitempty" jsonschema:"description=the program and its arguments; no shell reads them; give this or shell"`
	Shell   Shell             `json:"shell,omitzero" yaml:"shell,omitempty" jsonschema:"description=a text for sh -e\\, which ends with the first command that fails; or {run: TEXT\\, with: bash} for another shell (bash\\, zsh and ksh with pipefail); give this or run"`
	Timeout delivery.Duration `json:"timeout,omitempty" yaml:"timeout,omitempty" jsonschema:"type=string,default=5m,description=how long the command may take; after that it is stopped and the gate is closed"`
	Env     map[string]string `json:"env,omitempty" yaml:"env,omitempty" jsonschema:"description=variables to set for the command beside falkirk's own and those it inherits"`
	Dir     string            `json:"dir,omitempty" yaml:"dir,omitempty" jsonschema:"description=the folder to run in: relative to the app file's and inside it"`
}

const defaultTimeout = 5 * time.Minute

// ownPrefix begins the names of the variables that the gate itself sets.
const ownPrefix = "FALKIRK_"

// OperationVariable has the ID of the operation in the environment of every
// process that its gates and hooks start.
const OperationVariable = ownPrefix + "OPERATION"

// Check lists everything wrong with the settings.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(text, want string, path ...string) {
		all = append(all, fault.Problem{Path: path, Text: text, Want: want})
	}
	switch {
	case len(s.Run) == 0 && s.Shell == (Shell{}):
		add("there is no command", "run or shell")
	case len(s.Run) > 0 && s.Shell != (Shell{}):
		add("run and shell are both there", "one of them", "shell")
	case len(s.Run) > 0 && s.Run[0] == "":
		add("the program has no name", "the name of a program", "run", "0")
	}
	for i, arg := range s.Run {
		if strings.ContainsRune(arg, 0) {
			add("an argument has a zero byte", "text", "run", fmt.Sprint(i))
		}
	}
	all = append(all, s.Shell.check()...)
	if s.Timeout < 0 {
		add("the time-out is negative", `a duration such as "5m"`, "timeout")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00"):
			add(fmt.Sprintf("%q is not the name of a variable", name), "letters, digits and _", "env", name)
		case strings.HasPrefix(name, ownPrefix):
			add(fmt.Sprintf("%s is set by falkirk", name), "a name that does not begin with "+ownPrefix, "env", name)
		case strings.ContainsRune(s.Env[name], 0):
			add("the value has a zero byte", "text", "env", name)
		}
	}
	if s.Dir != "" && !filepath.IsLocal(s.Dir) {
		add(fmt.Sprintf("%q leads out of the app's folder", s.Dir), "a folder inside it", "dir")
	}
	return all
}

// Warnings lists what is allowed and may hide a failure.
func (s Settings) Warnings() []fault.Problem {
	if s.Shell.stops() || !strings.Contains(strings.TrimSpace(s.Shell.Run), "\n") {
		return nil
	}
	return []fault.Problem{{
		Path: []string{"shell"},
		Text: fmt.Sprintf("the text has several lines, and %s goes on after one that fails: only the last line decides", s.Shell.name()),
		Want: "with: sh, bash, zsh or ksh, or one command",
	}}
}

// argv is what is started.
func (s Settings) argv() []string {
	if s.Shell != (Shell{}) {
		return s.Shell.argv()
	}
	return s.Run
}

// command is the command as text.
func (s Settings) command() string {
	if s.Shell != (Shell{}) {
		return s.Shell.Run
	}
	return strings.Join(s.Run, " ")
}

// oneLine is text as one line of at most 200 characters. Secrets are taken out of
// the text before.
func oneLine(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}
