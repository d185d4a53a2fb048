// Package rule decides whether an operation may begin: what people decided, the
// order of environments, soak, freezes. It is pure; the engine asks it before
// it writes and `why` shows what it says, so that the two cannot differ.
package rule

import (
	"time"

	"falkirk/internal/delivery"
)

// Cause is the kind of thing that holds a release back.
type Cause string

// The causes, in the order in which they are looked at.
const (
	Unsafe     Cause = "unsafe"     // with this app file one place would overwrite another
	Doubted    Cause = "doubted"    // an entry of a ledger is not signed as it must be
	Stopped    Cause = "stopped"    // nothing is written until resume
	Banned     Cause = "banned"     // the release goes nowhere
	Held       Cause = "held"       // the environment stays on what it has
	Locked     Cause = "locked"     // another operation has the environment
	Unset      Cause = "unset"      // the environment names a variable that is not set
	Order      Cause = "order"      // not promoted in an environment before
	Soak       Cause = "soak"       // not live for long enough in an environment before
	Superseded Cause = "superseded" // a newer release has taken its turn
	Queued     Cause = "queued"     // an older release waits before it
	Frozen     Cause = "frozen"     // a freeze window
	Unprepared Cause = "unprepared" // not provisioned
	Gate       Cause = "gate"       // a gate has not answered yet
	Failed     Cause = "failed"     // a check or a step failed the last time
	None       Cause = "none"       // nothing: it may go
	Done       Cause = "done"       // nothing: it is live
)

// Situation is everything that decides.
type Situation struct {
	Environment delivery.Environment
	Operation   delivery.Operation // verb, version, and what it sets aside
	Own         delivery.Record    // of the environment
	Whole       delivery.Record    // of the app
	Before      map[string]delivery.Record
	Unsafe      delivery.Unusable // why nothing may be changed with this app file
	Now         time.Time
}

// Obstacle is the one thing that holds an operation back.
type Obstacle struct {
	Cause Cause      `json:"cause"`
	Text  string     `json:"text"`           // who, when, why; one line for people
	Next  string     `json:"next,omitempty"` // the command that moves it on
	Until *time.Time `json:"until,omitempty"`
	Waits bool       `json:"waits,omitempty"` // time or somebody else moves it on
}

// First is what refuses the operation before anything is looked at; nil when
// no rule does.
func First(s Situation) *Obstacle {
	checks := []func(Situation) *Obstacle{unsafe, Decided}
	if s.Operation.Verb == delivery.VerbPromote {
		checks = append(checks, order, soak, turn, Freeze)
	}
	for _, check := range checks {
		if o := check(s); o != nil {
			return o
		}
	}
	return nil
}

// Decided is what people's decisions say. It is asked again before each write.
func Decided(s Situation) *Obstacle {
	for _, check := range []func(Situation) *Obstacle{stopped, doubted, banned, held} {
		if o := check(s); o != nil {
			return o
		}
	}
	return nil
}

// unsafe refuses what would change anything with an app file that makes one place
// overwrite another.
func unsafe(s Situation) *Obstacle {
	if s.Unsafe == "" {
		return nil
	}
	return &Obstacle{Cause: Unsafe, Text: "nothing is changed with this app file: " + string(s.Unsafe), Next: "correct the file, then: falkirk config check"}
}

func moves(v delivery.Verb) bool {
	return v == delivery.VerbPromote || v == delivery.VerbRollback
}
