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

// Operation is a request. Its ID makes it idempotent and names it everywhere.
type Operation struct {
	ID          string    `json:"id"`
	Verb        Verb      `json:"verb"`
	App         string    `json:"app"`
	Environment string    `json:"environment"`
	Version     string    `json:"version,omitempty"`
	Actor       string    `json:"actor"`            // user@host, or the CI job
	Reason      string    `json:"reason,omitempty"` // why, where a rule is set aside
	At          time.Time `json:"at"`               // UTC
}

// moves reports whether the operation changes what is live.
func (o Operation) moves() bool { return o.Verb == VerbPromote || o.Verb == VerbRollback }
