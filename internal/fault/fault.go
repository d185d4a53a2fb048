// Package fault classifies errors once, so that the exit code, an HTTP status
// and the decision to retry come from one place. It prints nothing.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is. The zero Kind is Internal: an
// error nobody classified is our own.
type Kind int

// The kinds, and what each asks of whoever meets it.
const (
	Internal    Kind = iota // a failure of the work itself; look at the message
	Invalid                 // the input is wrong; mend it and repeat
	NotFound                // the thing named does not exist
	Conflict                // it exists already with other content, or changed underneath
	Refused                 // a rule or a person says no; another command is needed first
	Unavailable             // something outside did not answer; repeating may work
	Closed                  // a gate is closed
	Pending                 // a gate waits for somebody
	Locked                  // another operation holds the environment
	Interrupted             // stopped by the user between two steps
)

var names = [...]string{
	"failed", "invalid", "not-found", "conflict", "refused",
	"unavailable", "gate-closed", "waiting", "locked", "interrupted",
}

// String is the word that JSON output uses for the kind.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return names[Internal]
	}
	return names[k]
}

// Error is a classified error with, where there is one, the next thing to try.
type Error struct {
	Kind Kind
	Hint string // the next command or edit, one line, no full stop; may be empty
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a classified error; format takes %w as fmt.Errorf does.
func New(k Kind, format string, args ...any) error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// Hint adds the next thing to try to err and keeps its kind.
func Hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Hint: fmt.Sprintf(format, args...), Err: err}
}

// KindOf is the kind of the outermost classified error in err. A cancelled
// context is Interrupted, a passed deadline Unavailable.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// HintOf is the first hint from the outside in, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
