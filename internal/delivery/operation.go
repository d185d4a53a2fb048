package delivery

import "time"

// Verb is what an operation asks for.
type Verb string

// The verbs that write in an environment.
const (
	VerbProvision Verb = "provision"
	VerbPromote   Verb = "promote"
	VerbRollback  Verb = "rollback"
	VerbPrune     Verb = "prune"
)

// The verbs of decisions: what a person says, and no automation undoes.
const (
	VerbHold    Verb = "hold"         // the environment stays on what is live
	VerbRelease Verb = "release-hold" // it may move again
	VerbBan     Verb = "ban"          // the release goes nowhere; written for the whole app
	VerbUnban   Verb = "unban"
	VerbStop    Verb = "stop" // nothing is written until resume; in one environment or in the whole app
	VerbResume  Verb = "resume"
	VerbApprove Verb = "approve" // says yes to one plan
	VerbReject  Verb = "reject"  // says no to one plan

	VerbRetire     Verb = "retire"      // nothing is live any more in places that the app file does not have
	VerbSignLedger Verb = "sign-ledger" // signs the log as it is, so that rules may rely on its earlier entries
)

// Everywhere is the environment of decisions about the whole app. It is not a
// name that an app file can give.
const Everywhere = "_app"

// Operation is a request. Its ID makes it idempotent and names it everywhere.
type Operation struct {
	ID          string    `json:"id"`
	Verb        Verb      `json:"verb"`
	App         string    `json:"app"`
	Environment string    `json:"environment"`
	Version     string    `json:"version,omitempty"`
	Actor       string    `json:"actor"`              // user@host, or the CI job
	Reason      string    `json:"reason,omitempty"`   // why: of a decision, or of an order that is set aside
	Override    string    `json:"override,omitempty"` // why a freeze is set aside
	Plan        string    `json:"plan,omitempty"`     // digest of the saved plan that is applied
	At          time.Time `json:"at"`                 // UTC
}

// Phase is the phase that a verb goes through.
func (v Verb) Phase() Phase {
	switch v {
	case VerbProvision:
		return Provision
	case VerbPrune:
		return Prune
	default:
		return Promote
	}
}

// is reports whether two entries say the same operation.
func (o Operation) is(p Operation) bool {
	return o.ID == p.ID && o.Verb == p.Verb && o.App == p.App && o.Environment == p.Environment && o.Version == p.Version
}

// moves reports whether the operation changes what is live.
func (o Operation) moves() bool { return o.Verb == VerbPromote || o.Verb == VerbRollback }

// Heading names an operation in a sentence: "promote 1.4.0".
func (o Operation) Heading() string {
	if o.Version == "" {
		return string(o.Verb)
	}
	return string(o.Verb) + " " + o.Version
}

// ShortDigest is a digest as people read it: sha256: and 12 digits.
func ShortDigest(digest string) string { return digest[:min(len(digest), 19)] }
