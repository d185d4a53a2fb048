package delivery

import (
	"encoding/json"
	"time"
)

// Placement is what a target is asked about: one component of one release in
// one place.
type Placement struct {
	App       string
	Place     Place
	Component string
	Target    string
	Settings  json.RawMessage    // the target's own settings, checked; may hold secrets
	Written   map[string]Written // texts of the settings that variables of the environment went into, by path
	Version   string             // the release; empty when promoting means "nothing is live"
	Artifact  Artifact           // of that release; empty when Version is
	Release   Release            // all of it, for what one component needs of another; empty when Version is
	Remove    []string           // prune only: the versions to remove
	Protected bool               // the environment is
	Unusable  Unusable           // then there are no settings, and nothing of it can be observed or changed
	Needs     []Need             // the components in the place whose outputs the settings refer to
	Changing  []string           // those of Needs that have steps before this one in the plan: their outputs are known after these steps
}

// NeedsIn are the components whose outputs the settings refer to, and that a phase changes.
func (p Placement) NeedsIn(phase Phase) []string {
	var names []string
	for _, n := range p.Needs {
		if n.Phase == phase {
			names = append(names, n.Component)
		}
	}
	return names
}

// Endpoint is where a component answers from outside.
type Endpoint struct {
	URL    string            `json:"url"`
	Header map[string]string `json:"header,omitempty"` // to send along, to reach a release that is not live
}

// State is what a target saw of one placement. Everything but Facts is read by
// the engine; Facts is the target's own, for its Plan.
type State struct {
	Live      string          `json:"live"`              // version that gets the traffic; "" if none
	Digest    string          `json:"digest,omitempty"`  // of the artifact that is live, as found there; "" if the target cannot tell
	Ready     []string        `json:"ready"`             // versions that promote could make live now, sorted
	Present   []string        `json:"present"`           // versions of which anything is there, sorted; includes Ready
	Endpoint  Endpoint        `json:"endpoint"`          // where the live release answers
	Candidate Endpoint        `json:"candidate"`         // where the placement's own version answers before it is live
	Stale     bool            `json:"stale,omitempty"`   // the artifact of the release is live, and settings are not those of the app file
	Drift     []string        `json:"drift,omitempty"`   // what is not as it was left, one line each
	Unknown   []string        `json:"unknown,omitempty"` // what of the live release cannot be compared, and what to do, one line each
	Facts     json.RawMessage `json:"facts,omitempty"`
}

// Sign is how a step is shown in a plan.
type Sign string

// The signs.
const (
	Add    Sign = "+"
	Change Sign = "~"
	Remove Sign = "-"
)

// Step is one idempotent change, as data. It holds no settings, so that a plan
// can be shown, kept and hashed without a secret in it.
type Step struct {
	Place     Place           `json:"place"`
	Component string          `json:"component"`
	Target    string          `json:"target"`
	Phase     Phase           `json:"phase"`
	Version   string          `json:"version"`
	Action    string          `json:"action"` // the target's word: "start", "switch", "copy"
	Sign      Sign            `json:"sign"`
	Summary   string          `json:"summary"`         // for people, without place and component
	Count     int64           `json:"count,omitempty"` // objects to move or remove
	Bytes     int64           `json:"bytes,omitempty"` // bytes to move or remove
	Args      json.RawMessage `json:"args,omitempty"`  // the target's own
}

// Step makes a step of this placement. Args is encoded as JSON and may be nil;
// a value that cannot be encoded is a mistake of the target's author.
func (p Placement) Step(phase Phase, sign Sign, action, summary string, args any) Step {
	s := Step{
		Place: p.Place, Component: p.Component, Target: p.Target, Phase: phase,
		Version: p.Version, Action: action, Sign: sign, Summary: summary,
	}
	if args != nil {
		raw, err := json.Marshal(args)
		if err != nil {
			panic("delivery: step arguments of " + action + ": " + err.Error())
		}
		s.Args = raw
	}
	return s
}

// ID names the step inside its plan and in the ledger.
func (s Step) ID() string {
	return s.Place.String() + " " + s.Component + " " + s.Action + " " + s.Version
}

// Outcome is what a step that did not fail came to. The zero Outcome is done.
type Outcome struct {
	Nothing bool          // there was nothing to do
	Wait    time.Duration // not done yet: ask again after this long; 0 is done
	Note    string        // for people, one line; may be empty
}

// Progress is how far a step has come, in its own unit.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0 when not known
	Unit  string `json:"unit"`  // "bytes", "files", "requests"
	Note  string `json:"note,omitempty"`
}

// UnitWarning is the unit of a note that people must see: it changes nothing
// about the result.
const UnitWarning = "warning"
