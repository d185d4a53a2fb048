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

// The kinds, and what each asks of the caller.
const (
	Internal    Kind = iota // a failure of the work itself; look at the message
	Invalid                 // the input is wrong; correct it and repeat
	NotFound                // the thing named does not exist
	Conflict                // it exists already with other content, or changed underneath
	Refused                 // a rule or a person says no; another command is needed first
	Unavailable             // something outside did not answer; repeating may work
	Closed                  // a gate is closed
	Pending                 // a gate waits for somebody
	Locked                  // another operation holds the environment, or took it over
	Interrupted             // stopped by the user between two steps
	Tampered                // what is stored is not what was written
)

var names = [...]string{
	"failed", "invalid", "not-found", "conflict", "refused",
	"unavailable", "gate-closed", "waiting", "locked", "interrupted", "tampered",
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

// Error is the message; no address in it has a query.
func (e *Error) Error() string { return CleanAddresses(e.Err.Error()) }

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

// KindOf is the kind of the outermost classified error in err. Of several
// errors that are joined it is the first kind that is found, but Locked and
// Tampered come before every other: who lost the environment, or reads a store
// that was changed, must be told so whatever else went wrong. A cancelled
// context is Interrupted, a passed deadline Unavailable.
func KindOf(err error) Kind {
	if k, ok := classified(err); ok {
		return k
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

// classified is the kind of the outermost classified error, if there is one.
func classified(err error) (Kind, bool) {
	for err != nil {
		switch e := err.(type) { //nolint:errorlint // it walks the tree itself
		case *Error:
			return e.Kind, true
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			return ofJoined(e.Unwrap())
		default:
			return Internal, false
		}
	}
	return Internal, false
}

// ofJoined is the first of the kinds of joined errors, or one that comes before
// every other.
func ofJoined(errs []error) (Kind, bool) {
	first, found := Internal, false
	for _, err := range errs {
		k, ok := classified(err)
		switch {
		case !ok:
		case k == Locked:
			return Locked, true
		case !found, k == Tampered:
			first, found = k, true
		}
	}
	return first, found
}

// Begun is err as the error of work that had begun: something was changed, or
// may have been. Invalid and NotFound say that nothing was, so they become
// Internal; the hint stays.
func Begun(err error) error {
	if Is(err, Invalid) || Is(err, NotFound) {
		return &Error{Kind: Internal, Hint: HintOf(err), Err: err}
	}
	return err
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
			return CleanAddresses(e.Hint)
		}
		err = e.Err
	}
	return ""
}
