// Package freeze says when an environment is closed to promotions: it reads the
// windows of an app file, and knows no clock but the instants it is given.
//
// An environment is closed while any deny window covers the instant. If it has
// allow windows, it is also closed while none of them does. A window that
// cannot be read (bad text, unknown zone, deny and allow both or neither)
// counts as closed, always.
//
// Windows are told by the wall clock of their zone. Where that clock is changed,
// the safe side is taken, which is to be closed:
//
//   - A deny window begins the first time that the clock shows its start or
//     later, and ends the last time that the clock comes to its end.
//   - An allow window begins the last time that the clock comes to its start,
//     and ends the first time that it shows its end or later.
//
// So a time that a change skips stands for the instant of the change; in an hour
// that there is twice, "02:30" of a deny window is the first one as a start and
// the second one as an end, and the other way round for allow. A window that
// lies in a skipped hour does not happen that day, and an allow window that lies
// in an hour that there is twice does not open.
package freeze

import (
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Verdict says whether an environment is closed at an instant.
type Verdict struct {
	Closed bool            `json:"closed"`
	Window delivery.Freeze `json:"window,omitzero"` // the one that closes it
	Reason string          `json:"reason,omitempty"`
	Until  time.Time       `json:"until,omitzero"` // when it opens again; zero if that is not known
}

// At says whether the windows close an environment at an instant. Reason is one
// line for people: which window, why, and when it opens again in its zone.
func At(windows []delivery.Freeze, now time.Time) Verdict {
	all := readAll(windows)
	c, closed := all.cause(now)
	if !closed {
		return Verdict{}
	}
	until := all.reopens(now)
	return Verdict{Closed: true, Window: c.Freeze, Reason: c.why() + "; " + c.opening(until), Until: until}
}

// Check says what is wrong with a window, by its key; nothing when it can be read.
func Check(f delivery.Freeze) []fault.Problem {
	if w := read(f); w.wrong != nil {
		return []fault.Problem{*w.wrong}
	}
	return nil
}

// windows are those of one environment.
type windows []window

func readAll(given []delivery.Freeze) windows {
	all := make(windows, len(given))
	for i, f := range given {
		all[i] = read(f)
	}
	return all
}

// cause is a window that closes an environment at some instant, and when it no
// longer does; zero if that is not known.
type cause struct {
	window
	end time.Time
}

// cause finds a window that closes the environment at an instant: one that
// cannot be read, else a deny window, else the allow window that opens next.
func (all windows) cause(at time.Time) (cause, bool) {
	for _, w := range all {
		if w.wrong != nil {
			return cause{window: w}, true
		}
	}
	for _, w := range all {
		if s, covered := w.covering(at); w.deny && covered {
			return cause{w, s.end}, true
		}
	}
	return all.outside(at)
}

// outside finds the allow window that opens next, when none is open.
func (all windows) outside(at time.Time) (next cause, closed bool) {
	for _, w := range all {
		if w.deny {
			continue
		}
		if _, covered := w.covering(at); covered {
			return cause{}, false
		}
		begin, ok := w.next(at)
		if !closed || ok && (next.end.IsZero() || begin.Before(next.end)) {
			next, closed = cause{w, begin}, true
		}
	}
	return next, closed
}

// mostJumps bounds the search for an opening among windows that leave none; it
// is more than the days of a year.
const mostJumps = 500

// reopens is the first instant from at on when nothing closes the environment;
// zero if none is found.
func (all windows) reopens(at time.Time) time.Time {
	for range mostJumps {
		c, closed := all.cause(at)
		if !closed {
			return at
		}
		if at = c.end; at.IsZero() {
			break
		}
	}
	return time.Time{}
}

// why names a window that closes an environment.
func (w window) why() string {
	switch {
	case w.wrong != nil:
		return fmt.Sprintf("%s cannot be read and counts as closed: %s", w, w.wrong.Text)
	case w.deny:
		return w.String() + w.because()
	}
	return "outside of " + w.String() + w.because()
}

func (w window) because() string {
	if w.Reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", w.Reason)
}

// opening says when an environment opens again, by the clock of the window.
func (w window) opening(until time.Time) string {
	if until.IsZero() {
		return "no time is known at which it opens again"
	}
	return "it opens again on " + until.In(w.zone).Format("Mon 2006-01-02 15:04 MST")
}
