package engine

import (
	"time"

	"falkirk/internal/delivery"
)

// EventKind says what happened.
type EventKind string

// The kinds of events, in the order in which a run meets them.
const (
	Watching  EventKind = "watching" // Note says which earlier operation is waited for
	Began     EventKind = "began"    // the environment is held
	Planned   EventKind = "planned"  // Plan says what will be done
	Warned    EventKind = "warning"  // Note says what is not as it should be
	Answered  EventKind = "gate"     // Gate answered with Verdict
	Baking    EventKind = "baking"   // Gate has stayed open for as long as Progress says
	Ran       EventKind = "hook"     // Hook ended with Verdict, or with Error; Output is in the verdict
	Proved    EventKind = "proved"   // Serving is what a place said from outside
	Starting  EventKind = "starting" // Step begins
	Progress  EventKind = "progress" // Step has come so far
	Finished  EventKind = "finished" // Step ended with Note, or with Error
	Undoing   EventKind = "undoing"  // something failed; what was changed is taken back
	Undone    EventKind = "undone"   // Undo says what was taken back and what was not
	Ended     EventKind = "ended"    // the operation is over; Standing says what stands
	PassedOff EventKind = "passed"   // a train needs nothing from this environment
)

// Event is one thing that happened in a run. Its JSON is the line format of
// `--output json --follow`.
type Event struct {
	At        time.Time           `json:"at"`
	Kind      EventKind           `json:"event"`
	Operation delivery.Operation  `json:"operation"`
	Place     *delivery.Place     `json:"place,omitempty"`
	Plan      *delivery.Plan      `json:"plan,omitempty"`
	Step      *delivery.Step      `json:"step,omitempty"`
	Progress  *delivery.Progress  `json:"progress,omitempty"`
	Gate      string              `json:"gate,omitempty"`
	Hook      string              `json:"hook,omitempty"`
	Serving   *delivery.Serving   `json:"serving,omitempty"`
	Verdict   *delivery.Verdict   `json:"verdict,omitempty"`
	Undo      []delivery.Undo     `json:"undo,omitempty"`
	Note      string              `json:"note,omitempty"`
	Took      time.Duration       `json:"took,omitempty"` // nanoseconds
	Error     string              `json:"error,omitempty"`
	Result    delivery.Result     `json:"result,omitempty"`
	Standing  []delivery.Standing `json:"standing,omitempty"`
}

func (e *Engine) report(op delivery.Operation, ev Event) {
	ev.At, ev.Operation = e.Now().UTC(), op
	e.Report(ev)
}
