// Package prepare makes AWS accounts ready for an app: the stack with the role
// that works there, the bucket of the store and repositories, and the statements
// that let roles of other accounts read from them. What others attached to a
// bucket or a repository stays. Everything can be repeated, and taken away.
package prepare

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Request asks for one account.
type Request struct {
	Account      string   // name in the app file
	Principals   []string // ARNs or account IDs: who may take the role; default: the last role of via
	ExternalID   string   // default: that of the app file
	Boundary     string   // ARN of the managed policy that bounds the role; may be empty
	Role         string   // name of the role; default: that of the app file
	Repositories bool     // make the ECR repositories that images go to
}

// in is the request for the role of one environment's record, or for that of the
// account where it is empty. A principal that is written as ENVIRONMENT=ARN may
// take the role of that environment and no other; who is named without an
// environment may take all roles that nobody is named for.
func (r Request) in(environment string) Request {
	var own, all []string
	for _, p := range r.Principals {
		name, who, is := strings.Cut(p, "=")
		switch {
		case !is || strings.Contains(name, ":"):
			all = append(all, p)
		case name == environment:
			own = append(own, who)
		}
	}
	if r.Principals = own; len(own) == 0 {
		r.Principals = all
	}
	return r
}

// Preparer prepares accounts.
type Preparer struct {
	App    delivery.App
	Setups []policy.Setup
	Stacks Stacks
	// Config reaches the account as somebody who may prepare it, in a region.
	Config func(ctx context.Context, region string) (aws.Config, error)
}

// Stacks changes CloudFormation stacks by change sets.
type Stacks interface {
	// Propose makes the change set that leads to the template; nothing is changed.
	Propose(ctx context.Context, s Stack) (Proposal, error)
	// Execute does what was proposed and waits for the end of it.
	Execute(ctx context.Context, s Stack, p Proposal) error
	// Drop takes the change set away.
	Drop(ctx context.Context, s Stack, p Proposal) error
	// Delete removes the stack and waits for the end of it; one that is not there
	// is no error.
	Delete(ctx context.Context, s Stack) error
}

// Stack is one stack of an account.
type Stack struct {
	Config   aws.Config // account and region
	Account  string     // name in the app file
	Name     string
	Template []byte
	Tags     map[string]string
	Attempt  string // tells apart proposals of one run for one stack; letters
}

// Proposal is a change set.
type Proposal struct {
	ID      string
	New     bool     // the stack is not there yet
	Changes []Change // none: there is nothing to do
}

// Change is one resource that a stack changes.
type Change struct {
	Sign    string `json:"sign"` // + ~ -
	Name    string `json:"name"`
	Type    string `json:"type"`
	Replace bool   `json:"replace,omitempty"`
	Note    string `json:"note,omitempty"`
}

// Name is the name of the stack that prepares an account.
func Name(app string) string { return "falkirk-" + app + "-account" }

// setup finds what the account must have, and refuses what cannot be made.
func (p Preparer) setup(name string) (policy.Setup, error) {
	for _, s := range p.Setups {
		if s.Account.Name == name {
			if err := p.alone(s.Account); err != nil {
				return s, err
			}
			return s, policy.Check(p.App.Name, p.Setups)
		}
	}
	return policy.Setup{}, fault.Hint(fault.New(fault.NotFound, "no account %q in the app file", name), "name an account of the app file; falkirk config show lists them")
}

// alone refuses an account that has a second entry in the app file: both would have
// the same stack, and each would take away what only the other needs.
func (p Preparer) alone(a delivery.Account) error {
	for _, other := range p.App.Accounts {
		if other.Name == a.Name || other.ID != a.ID || a.ID == "" {
			continue
		}
		first, second := min(a.Name, other.Name), max(a.Name, other.Name)
		err := fault.New(fault.Invalid, "accounts %s and %s are one account (%s)", first, second, a.ID)
		return fault.Hint(err, "name one of them in all places of the account, and remove the other from the app file")
	}
	return nil
}
