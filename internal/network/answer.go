package network

import (
	"errors"
	"falkirk/internal/fault"
	"fmt"
	"strings"
)

// answered is an error of an SDK in the words of the service.
type answered struct {
	text string
	err  error
}

func (e *answered) Error() string { return e.text }

func (e *answered) Unwrap() error { return e.err }

// call is how the SDK of AWS says which call failed.
type call interface {
	error
	Service() string
	Operation() string
	Unwrap() error
}

// Answered gives an error of the SDK of AWS the words of the service: the call, the
// message and the code of the answer. The SDK puts its own steps and IDs of requests
// around them. An error without an answer stays as it is.
func Answered(err error) error {
	var done *answered
	var outer, inner call
	if err == nil || errors.As(err, &done) || !errors.As(err, &outer) {
		return err
	}
	for at := error(outer); errors.As(at, &inner); at = inner.Unwrap() {
	}
	text := words(inner)
	var told *fault.Error
	if errors.As(inner, &told) { // what is wrong was found out below, such as a web page that answers
		text = told.Error()
	}
	if text == "" {
		return err
	}
	return &answered{strings.Replace(err.Error(), outer.Error(), fmt.Sprintf("%s %s: %s", inner.Service(), inner.Operation(), text), 1), err}
}

// words are those of the answer; "" where there is none.
func words(err error) string {
	var answer interface {
		ErrorCode() string
		ErrorMessage() string
	}
	var status interface{ HTTPStatusCode() int }
	code, message, http := "", "", ""
	if errors.As(err, &answer) {
		code, message = answer.ErrorCode(), answer.ErrorMessage()
	}
	if errors.As(err, &status) && status.HTTPStatusCode() != 0 {
		http = fmt.Sprintf("HTTP status %d", status.HTTPStatusCode())
	}
	if code == "UnknownError" || code == "Unknown" || code == "" { // of the SDK, for an answer without a code
		return http
	}
	if message == "" || message == code {
		return code
	}
	return fmt.Sprintf("%s (%s)", strings.TrimRight(message, "."), code)
}
