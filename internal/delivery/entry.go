package delivery

import "time"

// EntrySchema is the version of the ledger entry's format.
const EntrySchema = 2

// Event is what a ledger entry records.
type Event string

// The events. An operation is under way from its opened entry until a closed
// or taken entry names it.
const (
	Opened  Event = "opened"  // an operation took the environment; Number is its fencing token
	Planned Event = "planned" // the steps were settled; Before is the way back, recorded before the first write
	Did     Event = "did"     // a step was done
	Asked   Event = "asked"   // a gate answered
	Hooked  Event = "hooked"  // a hook passed
	Proved  Event = "proved"  // a place was asked from outside which release it serves
	Warned  Event = "warned"  // something is not as it should be, and the run went on
	Failing Event = "failing" // the run fails: what it changed is taken back next, and no hook of it counts as passed
	Undone  Event = "undone"  // it was tried to take back what the run changed; Undo says what came of it
	Closed  Event = "closed"  // the operation ended; Result says how
	Taken   Event = "taken"   // a stale operation was ended by another process
	Decided Event = "decided" // a person decided something; belongs to no operation under way
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
	ResultStopped     Result = "stopped" // somebody stopped the environment; it goes on after resume
	ResultLost        Result = "lost"    // its process died; the run was taken over
)

// Entry is one line of an environment's ledger.
type Entry struct {
	Schema    int        `json:"schema"`
	Number    int        `json:"number"` // from 1, without gaps
	Prev      string     `json:"prev"`   // sha256:… of the entry before, as stored; "" for the first
	At        time.Time  `json:"at"`     // UTC
	Event     Event      `json:"event"`
	Operation Operation  `json:"operation"`
	Holder    *Holder    `json:"holder,omitempty"`  // opened, taken: the process that took the environment
	Plan      string     `json:"plan,omitempty"`    // planned: the plan's digest
	Content   string     `json:"content,omitempty"` // planned: what the release holds, as Release.Content
	Steps     []string   `json:"steps,omitempty"`   // planned: the keys of its steps; none when it goes on with a plan begun before
	Before    []Standing `json:"before,omitempty"`  // planned: what was live, the way back; decided: what is retired
	Step      *Step      `json:"step,omitempty"`    // did
	Note      string     `json:"note,omitempty"`
	Gate      string     `json:"gate,omitempty"`     // asked, hooked: its name; Note says where
	Verdict   *Verdict   `json:"verdict,omitempty"`  // asked, hooked
	Repeat    Repeat     `json:"repeat,omitempty"`   // hooked: never, where the hook is not run again for the release
	Undo      []Undo     `json:"undo,omitempty"`     // undone: as it was seen afterwards
	Serving   *Serving   `json:"serving,omitempty"`  // proved
	Approval  *Approval  `json:"approval,omitempty"` // decided, with the verb approve or reject
	Result    Result     `json:"result,omitempty"`   // closed, taken
	Stolen    bool       `json:"stolen,omitempty"`   // taken: its holder may have been alive; the next operation waits until that one's lease has ended
	Error     string     `json:"error,omitempty"`    // closed, failing
	After     []Standing `json:"after,omitempty"`    // closed: what is live and ready now
	Next      string     `json:"next,omitempty"`     // closed: what moves it on, where that is known
	Settled   bool       `json:"settled,omitempty"`  // closed: all of it is on one release, the old or the new

	// Signature is the last field, so that what is signed is what comes before it.
	Signature *Signature `json:"signature,omitempty"`

	// Doubt says why a rule must not rely on the entry; "" when it may. The ledger
	// that reads the entry sets it, it is never stored.
	Doubt string `json:"-"`
}

// Serving is what one place said, from outside, of one component.
type Serving struct {
	Place     Place  `json:"place"`
	Component string `json:"component"`
	Version   string `json:"version"` // "" if it said none
	URL       string `json:"url,omitempty"`
}

// Standing is what is live and ready of one component in one place, as an
// operation left it.
type Standing struct {
	Place     Place    `json:"place"`
	Component string   `json:"component"`
	Live      string   `json:"live"`
	Ready     []string `json:"ready,omitempty"`
}

// Undo is what was seen of one component in one place after a run that failed
// had tried to take back what it changed.
type Undo struct {
	Place     Place  `json:"place"`
	Component string `json:"component"`
	Back      bool   `json:"back"`           // it is as it was before the run
	Was       string `json:"was"`            // before the run, for people
	Is        string `json:"is"`             // now, for people
	Next      string `json:"next,omitempty"` // where it is not back: the next command
}
