package delivery

import "encoding/json"

// Examination is what AWS allows of that which an app needs in its accounts.
type Examination struct {
	Accounts []ExaminedAccount `json:"accounts"`
	Allowed  int               `json:"allowed"`
	Denied   int               `json:"denied"`
	Unknown  int               `json:"unknown"` // could not be asked
	Excess   int               `json:"excess"`  // allowed, and must not be
	Broken   int               `json:"broken"`  // accounts that cannot be reached
}

// ExaminedAccount is one account of the app file, or the store's account as it is
// reached by the storeRole of an environment.
type ExaminedAccount struct {
	Name        string           `json:"name"`
	Environment string           `json:"environment,omitempty"` // whose record the role writes (its storeRole); empty: the account's own role
	ID          string           `json:"id"`
	Role        string           `json:"role,omitempty"`
	Hops        []ExaminedHop    `json:"hops"`            // of the chain of roles; the first are the starting credentials
	Error       string           `json:"error,omitempty"` // why it cannot be reached
	Hint        string           `json:"hint,omitempty"`  // the next step, where the cause is not the chain of roles
	Err         error            `json:"-"`               // the same error with its kind, for the use case
	Fixes       []StatementToAdd `json:"fixes,omitempty"` // of what is wrong with the chain; one of them may be enough
	Notes       []string         `json:"notes,omitempty"`
	Checks      []Permission     `json:"checks"`
}

// ExaminedHop is one step of a chain of roles.
type ExaminedHop struct {
	Role  string `json:"role,omitempty"` // empty: the starting credentials
	ARN   string `json:"arn,omitempty"`
	Error string `json:"error,omitempty"`
	Skew  string `json:"skew,omitempty"` // how far the clocks are apart, where that is a minute or more
}

// Access is whether something is allowed.
type Access string

// The answers.
const (
	AccessAllowed Access = "allowed"
	AccessDenied  Access = "denied"
	AccessUnknown Access = "unknown"
	AccessExcess  Access = "excess" // allowed, and must not be
)

// Permission is one action on one resource, and whether it is allowed.
type Permission struct {
	Environment string           `json:"environment,omitempty"` // empty: of the store
	Region      string           `json:"region"`
	Sid         string           `json:"sid"`
	Why         string           `json:"why"`
	Action      string           `json:"action"`
	Resource    string           `json:"resource"`
	Answer      Access           `json:"answer"`
	By          string           `json:"by,omitempty"`    // simulated or probed
	Note        string           `json:"note,omitempty"`  // what AWS said, or why nothing is known
	Fixes       []StatementToAdd `json:"fixes,omitempty"` // of what is denied
}

// Where is the environment and the region of a permission; the store has no
// environment.
func (p Permission) Where() string {
	if p.Environment == "" {
		return p.Region
	}
	return p.Environment + "/" + p.Region
}

// StatementToAdd is a policy statement that would allow what is denied, and where it
// goes. Where it is not known which of two places is the cause, both are named.
type StatementToAdd struct {
	Where     string          `json:"where"`
	Statement json.RawMessage `json:"statement"`
}

// Count fills in the totals.
func (e *Examination) Count() {
	for _, a := range e.Accounts {
		if a.Error != "" {
			e.Broken++
		}
		for _, p := range a.Checks {
			switch p.Answer {
			case AccessAllowed:
				e.Allowed++
			case AccessDenied:
				e.Denied++
			case AccessExcess:
				e.Excess++
			default:
				e.Unknown++
			}
		}
	}
}
