package prepare

import (
	"context"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/fault"
)

// ChangeSets is Stacks on CloudFormation. ID names the run: a call that is
// repeated is the same one. Events of stacks go to Report, which may be nil.
type ChangeSets struct {
	ID     string // letters, digits and hyphens
	Report func(cfn.Event)
}

func (c ChangeSets) client(s Stack) *cfn.Client {
	return cfn.New(s.Config, cfn.Options{Where: s.Account + "/" + s.Config.Region})
}

// id names one proposal of the run.
func (c ChangeSets) id(s Stack) string {
	if s.Attempt == "" {
		return c.ID
	}
	return c.ID + "-" + s.Attempt
}

func (c ChangeSets) report() func(cfn.Event) {
	if c.Report == nil {
		return func(cfn.Event) {}
	}
	return c.Report
}

func (c ChangeSets) request(s Stack) cfn.Request {
	return cfn.Request{Template: string(s.Template), Tags: s.Tags, Capabilities: []string{"CAPABILITY_NAMED_IAM"}, Token: c.id(s)}
}

// Propose makes a change set and reads it.
func (c ChangeSets) Propose(ctx context.Context, s Stack) (Proposal, error) {
	if len(s.Template) > cfn.Inline {
		err := fault.New(fault.Invalid, "the template has %d bytes, and a request takes %d", len(s.Template), cfn.Inline)
		return Proposal{}, fault.Hint(err, "deal the environments to several accounts, or components to several apps")
	}
	client := c.client(s)
	set, err := client.Propose(ctx, s.Name, c.request(s), "falkirk-"+c.id(s), c.report())
	if err == nil && set.Empty {
		err = client.DeleteChangeSet(ctx, s.Name, set.Ref())
		return Proposal{}, err
	}
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{ID: set.Ref(), New: set.Create}
	for _, one := range set.Changes {
		p.Changes = append(p.Changes, changeOf(one))
	}
	return p, nil
}

func changeOf(c cfn.Change) Change {
	out := Change{Sign: "~", Name: c.LogicalID, Type: c.Type, Replace: c.Action == cfn.Replace}
	switch {
	case c.Action == cfn.Add:
		out.Sign = "+"
	case c.Action == cfn.Remove:
		out.Sign = "-"
	case c.Action == cfn.MayReplace:
		out.Note = "may be replaced"
	case c.TagsOnly:
		out.Note = "tags"
	}
	if c.IAM && out.Note == "" {
		out.Note = "permissions"
	}
	return out
}

// Execute does the change set and waits for the stack.
func (c ChangeSets) Execute(ctx context.Context, s Stack, p Proposal) error {
	_, err := c.client(s).Execute(ctx, s.Name, p.ID, c.request(s), c.report())
	return err
}

// Drop deletes the change set, and the empty stack that a first one makes.
func (c ChangeSets) Drop(ctx context.Context, s Stack, p Proposal) error {
	if p.ID == "" {
		return nil
	}
	if p.New {
		return ChangeSets{ID: c.ID}.Delete(ctx, s) // nobody need be told of what was never there
	}
	return c.client(s).DeleteChangeSet(ctx, s.Name, p.ID)
}

// Delete removes the stack and waits until it is gone.
func (c ChangeSets) Delete(ctx context.Context, s Stack) error {
	return c.client(s).Delete(ctx, s.Name, c.ID, c.report())
}
