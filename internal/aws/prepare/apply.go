package prepare

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/accountstack"
	"falkirk/internal/fault"
)

// Preview is what preparing an account would change, or has changed.
type Preview struct {
	Account  string
	Role     string // ARN
	Stacks   []StackChange
	Policies []Attachment // of buckets and repositories that are there already
	Notes    []string
	proposed []proposed
	stale    []policy.Grant // attached by an earlier run, and no longer needed
}

// StackChange is how one stack changes.
type StackChange struct {
	Name    string   `json:"name"`
	Region  string   `json:"region"`
	Changes []Change `json:"changes"`
}

type proposed struct {
	stack    Stack
	proposal Proposal
}

// IsEmpty reports whether everything is as it should be.
func (p Preview) IsEmpty() bool {
	for _, s := range p.Stacks {
		if len(s.Changes) > 0 {
			return false
		}
	}
	return len(p.Policies) == 0
}

// Propose finds out what has to be changed. It leaves a change set behind for
// each stack that changes, which Apply executes and Drop takes away.
func (p Preparer) Propose(ctx context.Context, r Request) (Preview, error) {
	s, err := p.setup(r.Account)
	if err != nil {
		return Preview{}, err
	}
	if err := p.check(ctx, s, r); err != nil {
		return Preview{}, err
	}
	have, err := p.look(ctx, s, r)
	if err != nil {
		return Preview{}, err
	}
	templates, err := p.templates(s, r, have)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Account: s.Account.Name, Role: s.Account.Role}
	for _, t := range templates {
		if err := p.propose(ctx, s, t, &out); err != nil {
			return out, fmt.Errorf("propose stack %s in account %s, region %s: %w", t.Stack, s.Account.Name, t.Region, err)
		}
	}
	out.stale, err = p.stale(ctx, s)
	if err != nil {
		return out, err
	}
	s.Grants = append(slices.Clip(s.Grants), out.stale...)
	out.Policies, err = p.attach(ctx, s, true, func(g policy.Grant) []policy.Statement { return g.Statements })
	out.Notes = append(p.order(s, r), notes(s, r)...)
	return out, err
}

func (p Preparer) propose(ctx context.Context, s policy.Setup, t Template, out *Preview) error {
	cfg, err := p.Config(ctx, t.Region)
	if err != nil {
		return err
	}
	stack := Stack{Config: cfg, Account: s.Account.Name, Name: t.Stack, Template: t.Text, Tags: accountstack.Tags(p.App.Name, s.Account.Name)}
	proposal, err := p.Stacks.Propose(ctx, stack)
	if err != nil {
		return err
	}
	out.Stacks = append(out.Stacks, StackChange{t.Stack, t.Region, proposal.Changes})
	out.proposed = append(out.proposed, proposed{stack, proposal})
	return nil
}

// attach merges what the account lets others do into the policies of what is
// there. A bucket or a repository that is to be made has its own in the
// template.
func (p Preparer) attach(ctx context.Context, s policy.Setup, dry bool, want func(policy.Grant) []policy.Statement) ([]Attachment, error) {
	var out []Attachment
	for _, g := range s.Grants {
		if g.Service == "kms" {
			continue // told by notes: a key's policy is its owner's
		}
		region := g.Region()
		if region == "" {
			region = s.Account.Region
		}
		cfg, err := p.Config(ctx, region)
		if err != nil {
			return out, err
		}
		one, err := attached{cfg, g, s.Account.Name}.merge(ctx, p.ours(want(g)), want(g), dry)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		if len(one.Changes) > 0 {
			out = append(out, one)
		}
	}
	return out, nil
}

// ours tells which statements are to be as wanted. That a bucket refuses what
// comes without TLS is the stack's to say, and stays until all is taken away.
func (p Preparer) ours(want []policy.Statement) func(sid string) bool {
	ours, tls := policy.Ours(p.App.Name), accountstack.OnlyTLS(p.App.Name, "", "").Sid
	return func(sid string) bool { return ours(sid) && (sid != tls || len(want) == 0) }
}

// notes are what has to be done by hand.
func notes(s policy.Setup, r Request) []string {
	var out []string
	if s.Account.Role == "" {
		out = append(out, fmt.Sprintf("add to the app file: accounts.%s.role: %s", s.Account.Name, policy.InAccount(s.Account, "role/"+r.Role)))
	}
	if r.ExternalID != "" && s.Account.ExternalID == "" {
		out = append(out, fmt.Sprintf("add to the app file: accounts.%s.externalId", s.Account.Name))
	}
	for _, g := range s.Grants {
		if g.Service == "kms" {
			out = append(out, fmt.Sprintf("add to the policy of key %s: %s", g.Resource, policy.JSON(g.Statements)))
		}
	}
	return out
}

// Apply executes what was proposed, and then proves that what lets roles of
// other accounts in is attached; what is not there is merged. It returns what
// was changed beside the stacks.
func (p Preparer) Apply(ctx context.Context, r Request, v Preview) (Preview, error) {
	s, err := p.setup(r.Account)
	if err != nil {
		return v, err
	}
	// What is no longer needed goes first: the stack remembers where it is.
	needed := s.Grants
	s.Grants = v.stale
	removed, err := p.attach(ctx, s, false, nothing)
	if err != nil {
		return v, err
	}
	s.Grants = needed
	for _, one := range v.proposed {
		if len(one.proposal.Changes) == 0 {
			continue
		}
		if err := p.Stacks.Execute(ctx, one.stack, one.proposal); err != nil {
			return v, fmt.Errorf("stack %s in account %s, region %s: %w", one.stack.Name, one.stack.Account, one.stack.Config.Region, explain(err))
		}
	}
	v.Notes = notes(s, r)
	v.Policies, err = p.attach(ctx, s, false, func(g policy.Grant) []policy.Statement { return g.Statements })
	v.Policies = append(removed, v.Policies...)
	if err != nil {
		return v, err
	}
	return v, p.prove(ctx, s)
}

func nothing(policy.Grant) []policy.Statement { return nil }

// prove reads back what is attached.
func (p Preparer) prove(ctx context.Context, s policy.Setup) error {
	left, err := p.attach(ctx, s, true, func(g policy.Grant) []policy.Statement { return g.Statements })
	if err == nil && len(left) > 0 {
		err = fault.New(fault.Unavailable, "the policy of %s in account %s was written, and is not as it should be", left[0].Resource, s.Account.Name)
		err = fault.Hint(err, "falkirk create account %s, again", s.Account.Name)
	}
	return err
}

// Drop takes away the change sets of a preview that is not applied.
func (p Preparer) Drop(ctx context.Context, v Preview) error {
	for _, one := range v.proposed {
		if err := p.Stacks.Drop(ctx, one.stack, one.proposal); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes away what preparing the account attached, and its stacks. What
// holds releases or images is kept; so is what others attached to it. With dry
// it only says what it would do.
func (p Preparer) Remove(ctx context.Context, r Request, dry bool) (Preview, error) {
	s, err := p.setup(r.Account)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Account: s.Account.Name, Role: s.Account.Role}
	stale, err := p.stale(ctx, s)
	if err != nil {
		return out, err
	}
	s.Grants = append(slices.Clip(s.Grants), stale...)
	if s.Builds {
		arn := s.Scope.Bucket(s.Scope.Store.Bucket)
		if !slices.Contains(resources(s.Grants), arn) {
			s.Grants = append(s.Grants, policy.Grant{Service: "s3", Resource: arn})
		}
		out.Notes = append(out.Notes, "the bucket "+s.Scope.Store.Bucket+" keeps its releases and ledgers: remove it by hand when nobody needs them")
	}
	// The stack goes last: it remembers where statements are.
	if out.Policies, err = p.attach(ctx, s, dry, nothing); err != nil {
		return out, err
	}
	for _, region := range p.regions(s) {
		if err := p.removeStack(ctx, s, region, dry, &out); err != nil {
			return out, fmt.Errorf("remove stack %s in account %s, region %s: %w", Name(p.App.Name), s.Account.Name, region, err)
		}
	}
	return out, nil
}

func (p Preparer) removeStack(ctx context.Context, s policy.Setup, region string, dry bool, out *Preview) error {
	cfg, err := p.Config(ctx, region)
	if err != nil {
		return err
	}
	changes, err := p.contents(ctx, cfg)
	if err != nil || len(changes) == 0 {
		return err
	}
	out.Stacks = append(out.Stacks, StackChange{Name(p.App.Name), region, changes})
	if dry {
		return nil
	}
	return p.Stacks.Delete(ctx, Stack{Config: cfg, Account: s.Account.Name, Name: Name(p.App.Name)})
}

// regions are those that may have a stack: home first.
func (p Preparer) regions(s policy.Setup) []string {
	out := []string{s.Account.Region}
	for _, one := range s.Places {
		if !slices.Contains(out, one.Scope.Region) {
			out = append(out, one.Scope.Region)
		}
	}
	return out
}
