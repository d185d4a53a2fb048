// Package document is what faces answer in JSON: one envelope for every request,
// also for one that failed, without secrets.
package document

import (
	"errors"
	"fmt"
	"io"

	"falkirk/internal/config"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// Document is the answer to one request. Command or Use says which.
type Document struct {
	Schema   int      `json:"schema"`
	Command  string   `json:"command,omitempty"` // of the command line: "falkirk status"
	Use      string   `json:"use,omitempty"`     // the use case that was asked for by its name: "inspect.status"
	Exit     Exit     `json:"exit"`
	Error    *Error   `json:"error,omitempty"`
	Result   any      `json:"result"`
	Warnings []string `json:"warnings,omitempty"` // what went wrong and changes nothing about the result
}

// Exit is the exit code of a command, or the one that it would have.
type Exit struct {
	Code int    `json:"code"`
	Name string `json:"name"`
}

// Error is why a request was not done.
type Error struct {
	Kind     string           `json:"kind"`
	Message  string           `json:"message"`
	Hint     string           `json:"hint,omitempty"`
	Problems []config.Problem `json:"problems,omitempty"` // of an app file, one by one

	// Consent is what a person must agree to: the request is repeated with its plan.
	Consent *usecase.ConsentError `json:"consent,omitempty"`
}

// End says how the request ended.
func (d *Document) End(code int, err error) {
	d.Schema = 1
	for _, x := range fault.Exits() {
		if x.Code == code {
			d.Exit = Exit{Code: code, Name: x.Name}
		}
	}
	if err == nil {
		return
	}
	d.Error = &Error{Kind: fault.KindOf(err).String(), Message: fault.CleanAddresses(err.Error()), Hint: fault.HintOf(err)}
	errors.As(err, &d.Error.Consent)
	var problems config.Problems
	if errors.As(err, &problems) {
		d.Error.Problems = problems
	}
}

// Write writes the document: on one line where it is compact. redact takes secrets
// out of texts; nil leaves them.
func (d Document) Write(w io.Writer, compact bool, redact func(string) string) error {
	indent := "  "
	if compact {
		indent = ""
	}
	if err := Encode(w, d, indent, redact); err != nil {
		return fmt.Errorf("write the JSON document: %w", err)
	}
	return nil
}
