package app

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

// preparer prepares accounts of the app.
func preparer(a delivery.App) setup.Preparer {
	return func(ctx context.Context, r setup.PrepareRequest) (setup.Preparation, error) {
		stacks := prepare.ChangeSets{ID: newID(), Report: func(e cfn.Event) { r.Report(e.String()) }}
		p := prepare.Preparer{App: a, Setups: setups(a), Stacks: stacks, Config: administrator(a, r)}
		asked := prepare.Request{
			Account: r.Account, Principals: r.Principals, ExternalID: r.ExternalID,
			Boundary: r.Boundary, Role: r.Role, Repositories: r.Repositories,
		}
		switch {
		case r.Print:
			return printed(p, asked)
		case r.Delete:
			return unprepare(ctx, p, asked, r)
		}
		return prepareIt(ctx, p, asked, r)
	}
}

// administrator reaches the account as who may prepare it: the chain of roles of
// the app file ends in a role that is only about to be made.
func administrator(a delivery.App, r setup.PrepareRequest) func(context.Context, string) (aws.Config, error) {
	one, ok := a.Account(r.Account)
	one.Via, one.Role, one.ExternalID, one.Tags, one.Duration = nil, r.As, "", nil, 0
	pool := account.New(account.Options{Accounts: []delivery.Account{one}, App: a.Name, Actor: actor()})
	return func(ctx context.Context, region string) (aws.Config, error) {
		if !ok {
			return aws.Config{}, fault.Hint(fault.New(fault.NotFound, "no account %q in the app file", r.Account), "name an account of the app file; falkirk config show lists them")
		}
		cfg, err := pool.Config(ctx, r.Account, region)
		if fault.Is(err, fault.Refused) && r.As == "" {
			err = fault.Hint(err, "log in as an administrator of account %s (AWS_PROFILE), or name a role to take there with --as", one.ID)
		}
		return cfg, err
	}
}

func printed(p prepare.Preparer, r prepare.Request) (setup.Preparation, error) {
	all, err := p.Print(r)
	out := setup.Preparation{Account: r.Account, Stacks: []setup.PreparedStack{}, Policies: []setup.PreparedPolicy{}}
	for _, t := range all {
		out.Templates = append(out.Templates, setup.PreparedTemplate{Stack: t.Stack, Region: t.Region, Text: string(t.Text)})
	}
	return out, err
}

func prepareIt(ctx context.Context, p prepare.Preparer, asked prepare.Request, r setup.PrepareRequest) (setup.Preparation, error) {
	v, err := p.Propose(ctx, asked)
	if err != nil {
		return preparation(v), errors.Join(err, p.Drop(context.WithoutCancel(ctx), v))
	}
	if v.IsEmpty() {
		return preparation(v), nil
	}
	if r.DryRun {
		return preparation(v), p.Drop(ctx, v)
	}
	if err := r.Ask(preparation(v)); err != nil {
		return preparation(v), errors.Join(err, p.Drop(context.WithoutCancel(ctx), v))
	}
	v, err = p.Apply(ctx, asked, v)
	out := preparation(v)
	out.Changed = err == nil
	return out, err
}

func unprepare(ctx context.Context, p prepare.Preparer, asked prepare.Request, r setup.PrepareRequest) (setup.Preparation, error) {
	v, err := p.Remove(ctx, asked, true)
	if err != nil || v.IsEmpty() || r.DryRun {
		return preparation(v), err
	}
	if err := r.Ask(preparation(v)); err != nil {
		return preparation(v), err
	}
	_, err = p.Remove(ctx, asked, false)
	out := preparation(v)
	out.Changed = err == nil
	return out, err
}

func preparation(v prepare.Preview) setup.Preparation {
	out := setup.Preparation{Account: v.Account, Role: v.Role, Notes: v.Notes, Stacks: []setup.PreparedStack{}, Policies: []setup.PreparedPolicy{}}
	for _, s := range v.Stacks {
		one := setup.PreparedStack{Name: s.Name, Region: s.Region, Changes: []setup.PreparedResource{}}
		for _, c := range s.Changes {
			one.Changes = append(one.Changes, setup.PreparedResource(c))
		}
		out.Stacks = append(out.Stacks, one)
	}
	for _, p := range v.Policies {
		one := setup.PreparedPolicy{Resource: p.Resource}
		for _, c := range p.Changes {
			one.Statements = append(one.Statements, setup.PreparedStatement(c))
		}
		out.Policies = append(out.Policies, one)
	}
	return out
}
