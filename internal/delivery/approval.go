package delivery

import (
	"fmt"
	"strings"
	"time"
)

// Approval is a person's yes or no to one plan. Its JSON is kept in the ledger;
// Signature, where there is one, is an armored SSH signature over Message in
// the namespace SignatureNamespace.
type Approval struct {
	App         string     `json:"app"`
	Environment string     `json:"environment"`
	Version     string     `json:"version"`
	Plan        string     `json:"plan"` // sha256:… of the plan
	By          string     `json:"by"`   // the login, or the principal of the allowed-signers file
	Rejects     bool       `json:"rejects,omitempty"`
	At          time.Time  `json:"at"`              // UTC, whole seconds
	Until       *time.Time `json:"until,omitempty"` // counts no longer after this
	Reason      string     `json:"reason,omitempty"`
	Signature   string     `json:"signature,omitempty"`
}

// Signed is an approval as the ledger has it.
type Signed struct {
	Approval
	Operation string `json:"operation"` // ID of the entry's operation
	Actor     string `json:"actor"`     // who wrote it: user@host, or the CI job
}

// SignatureNamespace is what `ssh-keygen -Y verify -n` is to be given.
const SignatureNamespace = "falkirk-approval"

// Message is the text that is signed: one line per field, in this order. A line
// break in a value would make two approvals of one text, so it is quoted.
func (a Approval) Message() string {
	word := "approves"
	if a.Rejects {
		word = "rejects"
	}
	until := "-"
	if a.Until != nil {
		until = a.Until.UTC().Format(time.RFC3339)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "falkirk approval 1\n%q %s\n", a.By, word)
	fmt.Fprintf(&b, "app %q\nenvironment %q\nversion %q\nplan %q\n", a.App, a.Environment, a.Version, a.Plan)
	fmt.Fprintf(&b, "at %s\nuntil %s\nreason %q\n", a.At.UTC().Format(time.RFC3339), until, a.Reason)
	return b.String()
}
