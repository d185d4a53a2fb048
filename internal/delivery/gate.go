package delivery

import "encoding/json"

// Answer is what a gate says.
type Answer string

// The answers.
const (
	Open    Answer = "open"
	Shut    Answer = "closed"
	Waiting Answer = "pending"
)

// Verdict is a gate's answer and why.
type Verdict struct {
	Answer Answer `json:"answer"`
	Reason string `json:"reason"`           // one line, names the thing; for people
	Next   string `json:"next,omitempty"`   // the command that moves it on; may be empty
	Output string `json:"output,omitempty"` // what a command printed, at most the last 64 KiB
}

// Question is what a gate is asked.
type Question struct {
	Gate      string
	Settings  json.RawMessage // the gate's own, checked
	When      Moment
	Operation Operation
	AskedBy   string              // who asked first, where the operation repeats one that waited; else its actor
	Plan      string              // digest of the plan that it is about
	Approvals []Signed            // of that plan or of others, oldest first
	PackedBy  string              // who packed the release
	Outcome   Condition           // for a hook: pass or fail, what went before it
	Place     Place               // without account and region when asked once for the environment
	Before    map[string]string   // live version by component before this run, where known
	Serving   map[string]Endpoint // by component: the candidate before promote, the live release after
}
