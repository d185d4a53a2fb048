package app

import (
	"context"
	"errors"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/aws/syncfunction"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

// setUpFunction makes, shows or removes the function that copies images.
func setUpFunction(ctx context.Context, r setup.FunctionRequest) (setup.Function, error) {
	w, err := readFunction(ctx, r)
	if err != nil {
		return setup.Function{}, err
	}
	asked, err := w.request()
	if err != nil {
		return w.about(), err
	}
	stacks := prepare.ChangeSets{ID: newID(), Report: func(e cfn.Event) { r.Report(e.String()) }}
	setup := syncfunction.Setup{Stacks: stacks, Own: w.own, Source: w.source}
	switch {
	case r.Print:
		return w.printed(asked)
	case r.Delete:
		return w.remove(ctx, setup, asked)
	}
	return w.create(ctx, setup, asked)
}

func (w *functioning) create(ctx context.Context, made syncfunction.Setup, asked syncfunction.Request) (setup.Function, error) {
	v, err := made.Propose(ctx, asked)
	out := w.viewed(v)
	drop := func(err error) error { return errors.Join(err, made.Drop(context.WithoutCancel(ctx), v)) }
	switch {
	case err != nil:
		return out, drop(err)
	case len(v.Elsewhere) > 0:
		return out, drop(waitingFor(v, "nothing was made"))
	case v.IsEmpty():
		return out, nil
	case w.asked.DryRun:
		return out, drop(nil)
	}
	if err := w.asked.Ask(out); err != nil {
		return out, drop(err)
	}
	err = made.Apply(ctx, asked, v)
	out.Changed = err == nil
	return out, err
}

func (w *functioning) remove(ctx context.Context, made syncfunction.Setup, asked syncfunction.Request) (setup.Function, error) {
	v, err := made.LookRemoval(ctx, asked)
	out := w.viewed(v)
	if err != nil || w.asked.DryRun {
		return out, err
	}
	if !v.IsEmpty() {
		if err := w.asked.Ask(out); err != nil {
			return out, err
		}
		if err := made.Remove(ctx, v); err != nil {
			return out, err
		}
		out.Changed = true
	}
	if len(v.Elsewhere) > 0 {
		return out, waitingFor(v, "nothing else is left")
	}
	return out, nil
}

// waitingFor says that somebody in another account has to do his part.
func waitingFor(v syncfunction.View, stands string) error {
	err := fault.New(fault.Pending, "account %s, where the images come from, is out of reach of these credentials: its part is not done; %s", v.Elsewhere[0].Account, stands)
	return fault.Hint(err, "have it done there (see above), then repeat with --skip-source; or give --source-profile or --source-as")
}

// printed are the templates and policies as they would be; nobody is asked.
func (w *functioning) printed(asked syncfunction.Request) (setup.Function, error) {
	out := w.about()
	all, err := asked.Templates()
	for _, t := range all {
		out.Templates = append(out.Templates, setup.PreparedTemplate{Stack: t.Stack, Region: t.Region, Text: string(t.Text)})
	}
	for _, s := range asked.Sources {
		for _, g := range s.Grants {
			out.Documents = append(out.Documents, setup.ScheduleDocument{
				For: "Policy of " + thing(g) + " in account " + s.At.Account + ", " + s.At.Region + ".", Policy: policyOf(g),
			})
		}
	}
	return out, err
}

// thing is the kind and the name of what a grant is about.
func thing(g policy.Grant) string {
	switch g.Service {
	case "s3":
		return "bucket " + g.Name()
	case "kms":
		return "key " + g.Name()
	}
	return "repository " + g.Name()
}

// viewed tells what a view has.
func (w *functioning) viewed(v syncfunction.View) setup.Function {
	out := w.about()
	out.Role, out.Code, out.Bytes, out.Notes = v.Role, v.Code, v.Bytes, w.notes(v.Notes)
	for _, s := range v.Stacks {
		one := setup.FunctionStack{Account: s.Account, Name: s.Name, Region: s.Region, Changes: []setup.PreparedResource{}}
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
	for _, e := range v.Elsewhere {
		one := setup.FunctionElsewhere{Account: e.Account, Region: e.Region, Stack: e.Stack, Template: e.Template, Policies: []setup.FunctionPolicy{}, Why: e.Why, Command: w.there()}
		for _, p := range e.Policies {
			one.Policies = append(one.Policies, setup.FunctionPolicy(p))
		}
		out.Elsewhere = append(out.Elsewhere, one)
	}
	return out
}

// there is the command for who works in the account that images come from.
func (w *functioning) there() string {
	verb := "create"
	if w.asked.Delete {
		verb = "delete"
	}
	words := []string{"falkirk", verb, "sync-function"}
	if w.asked.Job != "" {
		words = append(words, w.asked.Job)
	}
	for _, one := range [][2]string{{"--jobs", w.asked.Jobs}, {"--name", w.asked.Name}, {"--region", w.asked.Region}, {"--store", w.asked.Store.URL}, {"--app", w.asked.Store.App}} {
		if one[1] != "" {
			words = append(words, one[0], one[1])
		}
	}
	return strings.Join(append(words, "--only-source", "--yes"), " ")
}
