package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/fault"
)

// document is what `--output json` prints: one envelope for every command,
// also for one that failed.
type document struct {
	Schema   int                 `json:"schema"`
	Command  string              `json:"command"`
	Exit     exitDocument        `json:"exit"`
	Error    *errorDocument      `json:"error,omitempty"`
	Result   any                 `json:"result"`
	Warnings []string            `json:"warnings,omitempty"` // what went wrong and changes nothing about the result
	compact  bool                // one line, after lines of events
	redact   func(string) string // nil until an app file is open
}

type exitDocument struct {
	Code int    `json:"code"`
	Name string `json:"name"`
}

type errorDocument struct {
	Kind     string           `json:"kind"`
	Message  string           `json:"message"`
	Hint     string           `json:"hint,omitempty"`
	Problems []config.Problem `json:"problems,omitempty"` // of an app file, one by one
}

func (d document) print(w io.Writer, cmd *cobra.Command, code int, err error) error {
	d.Schema, d.Command = 1, cmd.CommandPath()
	for _, x := range fault.Exits() {
		if x.Code == code {
			d.Exit = exitDocument{Code: code, Name: x.Name}
		}
	}
	if err != nil {
		d.Error = &errorDocument{Kind: fault.KindOf(err).String(), Message: fault.CleanAddresses(err.Error()), Hint: fault.HintOf(err)}
		var problems config.Problems
		if errors.As(err, &problems) {
			d.Error.Problems = problems
		}
	}
	indent := "  "
	if d.compact {
		indent = ""
	}
	if err := encode(w, d, indent, d.redact); err != nil {
		return fmt.Errorf("write the JSON document: %w", err)
	}
	return nil
}
