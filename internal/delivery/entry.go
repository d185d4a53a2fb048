package delivery

import "time"

// EntrySchema is the version of the ledger entry's format.
const EntrySchema = 1

// Event is what a ledger entry records.
type Event string

// The events. An operation is under way from its opened entry until a closed
// or taken entry names it.
const (
	Opened  Event = "opened"  // an operation took the environment; Number is its fencing token
	Planned Event = "planned" // the steps were settled; Before is the way back, recorded before the first write
	Did     Event = "did"     // a step was done
	Asked   Event = "asked"   // a gate answered
	Undone  Event = "undone"  // the run failed and what it had moved was moved back
	Closed  Event = "closed"  // the operation ended; Result says how
	Taken   Event = "taken"   // a stale operation was ended by another process
)

// Result is how an operation ended.
type Result string

// The results.
const (
	ResultDone        Result = "done"
	ResultFailed      Result = "failed"
	ResultShut        Result = "gate-closed"
	ResultWaiting     Result = "waiting"
	ResultInterrupted Result = "interrupted"
	ResultLost        Result = "lost" // its process died; the run was taken over
)

// Entry is one line of an environment's ledger.
type Entry struct {
	Schema    int        `json:"schema"`
	Number    int        `json:"number"` // from 1, without gaps
	Prev      string     `json:"prev"`   // sha256:… of the entry before, as stored; "" for the first
	At        time.Time  `json:"at"`     // UTC
	Event     Event      `json:"event"`
	Operation Operation  `json:"operation"`
	Holder    *Holder    `json:"holder,omitempty"` // opened, taken: the process that took the environment
	Plan      string     `json:"plan,omitempty"`   // planned: the plan's digest
	Before    []Standing `json:"before,omitempty"` // planned: what was live, the way back
	Step      *Step      `json:"step,omitempty"`   // did
	Note      string     `json:"note,omitempty"`
	Gate      string     `json:"gate,omitempty"`    // asked
	Verdict   *Verdict   `json:"verdict,omitempty"` // asked
	Result    Result     `json:"result,omitempty"`  // closed, taken
	Error     string     `json:"error,omitempty"`   // closed
	After     []Standing `json:"after,omitempty"`   // closed: what is live and ready now
	Settled   bool       `json:"settled,omitempty"` // closed: all of it is on one release, the old or the new
}

// Standing is what is live and ready of one component in one place, as an
// operation left it.
type Standing struct {
	Place     Place    `json:"place"`
	Component string   `json:"component"`
	Live      string   `json:"live"`
	Ready     []string `json:"ready,omitempty"`
}
