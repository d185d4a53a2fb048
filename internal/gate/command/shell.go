package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"falkirk/internal/fault"
)

// Shell is a text for a shell. It ends with the first command that fails.
type Shell struct {
	Run  string `json:"run"`
	With string `json:"with,omitempty"` // the shell; empty is sh
}

// shellObject is Shell without its methods.
type shellObject Shell

// UnmarshalJSON reads a text, which is for sh, or a mapping with run and with.
func (s *Shell) UnmarshalJSON(raw []byte) error {
	*s = Shell{}
	if json.Unmarshal(raw, &s.Run) == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode((*shellObject)(s)); err != nil {
		return errors.New("a text, or a mapping with run and with, is expected")
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads, as a text where that is enough.
func (s Shell) MarshalJSON() ([]byte, error) {
	if s.With == "" {
		return json.Marshal(s.Run)
	}
	return json.Marshal(shellObject(s))
}

// JSONSchema allows both forms.
func (Shell) JSONSchema() *jsonschema.Schema {
	long := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema, Required: []string{"run"},
	}
	long.Properties.Set("run", &jsonschema.Schema{Type: "string", Description: "the text"})
	long.Properties.Set("with", &jsonschema.Schema{Type: "string", Default: "sh", Description: "the shell that reads it: sh, bash, zsh, ksh or another program that takes -c TEXT"})
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, long, {Type: "null"}}}
}

// posixShells stop at the first failure with -e, and pipeShells have pipefail too.
func posixShells() []string { return []string{"sh", "dash", "ash"} }
func pipeShells() []string  { return []string{"bash", "zsh", "ksh", "ksh93", "mksh"} }

func (s Shell) name() string {
	if s.With == "" {
		return "sh"
	}
	return strings.TrimSuffix(filepath.Base(s.With), ".exe")
}

// argv starts the shell so that the first command that fails ends it, where the
// shell can do that.
func (s Shell) argv() []string {
	program := s.With
	if program == "" {
		program = "sh"
	}
	switch {
	case slices.Contains(posixShells(), s.name()):
		return []string{program, "-e", "-c", s.Run}
	case slices.Contains(pipeShells(), s.name()):
		return []string{program, "-e", "-o", "pipefail", "-c", s.Run}
	}
	return []string{program, "-c", s.Run}
}

// stops reports whether the shell ends with the first command that fails.
func (s Shell) stops() bool {
	return slices.Contains(posixShells(), s.name()) || slices.Contains(pipeShells(), s.name())
}

func (s Shell) check() []fault.Problem {
	var all []fault.Problem
	if strings.ContainsRune(s.Run, 0) {
		all = append(all, fault.Problem{Path: []string{"shell"}, Text: "the text has a zero byte", Want: "text"})
	}
	if strings.ContainsAny(s.With, " \t\r\n\x00") {
		all = append(all, fault.Problem{Path: []string{"shell", "with"}, Text: "the shell is more than the name of a program", Want: "sh, bash, zsh, ksh or the path of a program, without arguments"})
	}
	if s.With != "" && strings.TrimSpace(s.Run) == "" {
		all = append(all, fault.Problem{Path: []string{"shell"}, Text: "there is no text for the shell", Want: "run"})
	}
	return all
}
