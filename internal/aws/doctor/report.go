// Package doctor asks, for everything that an app needs of its AWS accounts,
// whether it is allowed, and says what would mend what is not. It changes
// nothing.
package doctor

import (
	"encoding/json"

	"falkirk/internal/aws/policy"
)

// Report is what was found.
type Report struct {
	Accounts []Account `json:"accounts"`
	Allowed  int       `json:"allowed"`
	Denied   int       `json:"denied"`
	Unknown  int       `json:"unknown"` // could not be asked
	Excess   int       `json:"excess"`  // allowed, and must not be
	Broken   int       `json:"broken"`  // accounts that cannot be reached
}

// Account is one account of the app file, or the store's account as it is reached
// by the storeRole of an environment.
type Account struct {
	Name        string   `json:"name"`
	Environment string   `json:"environment,omitempty"` // whose record the role writes; empty: the account's own role
	ID          string   `json:"id"`
	Role        string   `json:"role,omitempty"`
	Hops        []Hop    `json:"hops"`
	Error       string   `json:"error,omitempty"` // why it cannot be reached
	Hint        string   `json:"hint,omitempty"`  // the next step, where the cause is not the chain of roles
	Err         error    `json:"-"`               // the same, with its kind
	Fixes       []Fix    `json:"fixes,omitempty"` // of what is wrong with the chain
	Notes       []string `json:"notes,omitempty"`
	Checks      []Check  `json:"checks"`
}

// Hop is one step of the chain of roles.
type Hop struct {
	Role  string `json:"role,omitempty"` // empty: the starting credentials
	ARN   string `json:"arn,omitempty"`
	Error string `json:"error,omitempty"`
	Skew  string `json:"skew,omitempty"`
}

// Answer is whether something is allowed.
type Answer string

// The answers.
const (
	Allowed Answer = "allowed"
	Denied  Answer = "denied"
	Unknown Answer = "unknown"
	Excess  Answer = "excess" // allowed, and must not be
)

// Check is one action on one resource, and the answer.
type Check struct {
	Environment string `json:"environment,omitempty"` // empty: of the store
	Region      string `json:"region"`
	Sid         string `json:"sid"`
	Why         string `json:"why"`
	Action      string `json:"action"`
	Resource    string `json:"resource"`
	Answer      Answer `json:"answer"`
	By          string `json:"by,omitempty"`   // simulated or probed
	Note        string `json:"note,omitempty"` // what AWS said, or why nothing is known
	Fixes       []Fix  `json:"fixes,omitempty"`
}

// Fix is a statement that would allow what is denied, and where it goes. Where
// it cannot be known which of two places lacks it, both are named.
type Fix struct {
	Where     string          `json:"where"`
	Statement json.RawMessage `json:"statement"`
}

func fix(where string, s policy.Statement) Fix {
	raw, err := json.Marshal(s)
	if err != nil {
		raw = json.RawMessage("null") // plain data
	}
	return Fix{where, raw}
}

// count fills in the totals.
func (r *Report) count() {
	for _, a := range r.Accounts {
		if a.Error != "" {
			r.Broken++
		}
		for _, c := range a.Checks {
			switch c.Answer {
			case Allowed:
				r.Allowed++
			case Denied:
				r.Denied++
			case Excess:
				r.Excess++
			default:
				r.Unknown++
			}
		}
	}
}
