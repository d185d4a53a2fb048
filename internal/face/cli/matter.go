package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// matter is a plan that people are asked about.
type matter struct {
	env      delivery.Environment
	op       delivery.Operation // the one that waits, or would be applied
	askedBy  string
	packedBy string
	digest   string
	plan     delivery.Plan
	unmade   error // why the plan could not be made again; who says no does not need it
	rec      delivery.Record
	saved    *engine.Saved // the file that it came from, if any
	file     string
}

// question is what the gates are asked, without what is of each of them.
func (m matter) question() delivery.Question {
	return delivery.Question{
		Operation: m.op, AskedBy: m.askedBy, Plan: m.digest, PackedBy: m.packedBy,
		Approvals: m.rec.Approvals, Place: delivery.Place{Environment: m.env.Name},
	}
}

// next is the command that goes on.
func (m matter) next(open bool) string {
	switch {
	case !open:
		return ""
	case m.saved != nil:
		return "falkirk apply " + m.file
	case m.op.Verb == delivery.VerbPrune:
		return "falkirk prune " + m.env.Name
	case m.op.Verb == delivery.VerbRollback:
		return "falkirk rollback " + m.env.Name + " --to " + m.op.Version
	default:
		return sprintf("falkirk %s %s --to %s", m.op.Verb, m.op.Version, m.env.Name)
	}
}

// matter finds the plan that the argument means, and makes it again: what is no
// longer what would be done is refused. A plan that waits can be rejected by its
// digest alone, where a target, a variable or the network is missing.
func (w *word) matter(ctx context.Context, app *App, arg string) (matter, error) {
	m, err := find(ctx, app, arg)
	if err != nil {
		return m, err
	}
	// What only puts a promotion off is no reason not to approve it before.
	req := engine.Request{
		Verb: m.op.Verb, Environment: m.env.Name, Version: m.op.Version, Actor: m.askedBy,
		Reason: "to be approved", Override: "to be approved", Saved: m.saved,
	}
	now := ""
	m.plan, now, err = app.Engine.Preview(ctx, req)
	switch {
	case err != nil && w.rejects && m.saved == nil && ctx.Err() == nil:
		m.unmade, m.plan = err, delivery.Plan{App: m.op.App, Environment: m.env.Name, Version: m.op.Version, Phase: m.op.Verb.Phase()}
	case err != nil:
		return m, err
	case now != m.digest:
		err := fault.New(fault.Conflict, "the plan %s is no longer what would be done to %s in %s: that is %s by now",
			short(m.digest), heading(m.op), m.env.Name, short(now))
		return m, fault.Hint(err, "%s asks for approvals of the new one", m.next(true))
	}
	if m.op.Verb == delivery.VerbPrune {
		return m, nil
	}
	rel, err := app.Releases.Get(ctx, m.op.App, m.op.Version)
	m.packedBy = rel.PackedBy
	return m, err
}

func find(ctx context.Context, app *App, arg string) (matter, error) {
	if env, err := app.Engine.App.Environment(arg); err == nil {
		return waitingIn(ctx, app, env)
	}
	if digits, is := digestDigits(arg); is {
		return waitingAs(ctx, app, digits)
	}
	saved, err := readSaved(arg)
	if fault.Is(err, fault.NotFound) {
		_, err = app.Engine.App.Environment(arg)
		text := sprintf("%q is no environment, no digest of a plan and no saved plan", arg)
		return matter{}, fault.Hint(fault.New(fault.NotFound, "%w", delivery.UnknownEnvironment{Name: arg, Text: text}), "%s", fault.HintOf(err))
	}
	if err != nil {
		return matter{}, err
	}
	env, err := app.Engine.App.Environment(saved.Plan.Environment)
	if err != nil {
		return matter{}, err
	}
	rec, err := app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	op := delivery.Operation{Verb: saved.Verb, App: saved.Plan.App, Environment: env.Name, Version: saved.Plan.Version, Actor: saved.MadeBy}
	return matter{env: env, op: op, askedBy: saved.MadeBy, digest: saved.Digest, rec: rec, saved: &saved, file: arg}, err
}

// leastDigits is how many digits of a digest name it.
const leastDigits = 4

// digestDigits is an argument as the first digits of a digest. A file of that
// name is meant by it; sha256: in front says that it is none.
func digestDigits(arg string) (string, bool) {
	digits, sure := strings.CutPrefix(arg, "sha256:")
	if strings.Trim(digits, "0123456789abcdef") != "" || len(digits) < leastDigits {
		return digits, sure
	}
	_, err := os.Stat(arg)
	return digits, sure || errors.Is(err, os.ErrNotExist)
}

// waitingIn is the one plan that waits in an environment, or else the one that
// was rejected there.
func waitingIn(ctx context.Context, app *App, env delivery.Environment) (matter, error) {
	all, closed, err := undecided(ctx, app, env)
	if err == nil && len(all) == 0 {
		all = closed
	}
	if err != nil {
		return matter{}, err
	}
	return one(all, "no operation waits for approval in "+env.Name, "start it first: falkirk train VERSION --to "+env.Name+"; falkirk status "+env.Name+" shows what waits")
}

func waitingAs(ctx context.Context, app *App, digits string) (matter, error) {
	var found []matter
	for _, env := range app.Engine.App.Environments {
		all, closed, err := undecided(ctx, app, env)
		if err != nil {
			return matter{}, err
		}
		for _, m := range append(all, closed...) {
			if strings.HasPrefix(m.digest, "sha256:"+digits) {
				found = append(found, m)
			}
		}
	}
	return one(found, "no plan that waits has the digest sha256:"+digits, "falkirk status shows what waits")
}

// undecided is what waits in an environment, and what was rejected there.
func undecided(ctx context.Context, app *App, env delivery.Environment) (all, closed []matter, err error) {
	rec, err := app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	for _, p := range rec.Waiting {
		all = append(all, matter{env: env, op: p.Operation, askedBy: p.AskedBy, digest: p.Plan, rec: rec})
	}
	return all, rejected(env, rec), err
}

// rejected is what was closed and somebody has said no to, who may take it back.
func rejected(env delivery.Environment, rec delivery.Record) []matter {
	var all []matter
	for _, f := range rec.Failures {
		plan := ""
		for _, s := range rec.Approvals {
			if s.Rejects && s.Version == f.Operation.Version {
				plan = s.Plan
			}
		}
		if f.Result == delivery.ResultShut && plan != "" {
			all = append(all, matter{env: env, op: f.Operation, askedBy: f.AskedBy, digest: plan, rec: rec})
		}
	}
	return all
}

func one(all []matter, none, hint string) (matter, error) {
	switch len(all) {
	case 0:
		return matter{}, fault.Hint(fault.New(fault.Refused, "%s", none), "%s", hint)
	case 1:
		return all[0], nil
	}
	var names []string
	for _, m := range all {
		names = append(names, sprintf("%s in %s, plan %s", heading(m.op), m.env.Name, short(m.digest)))
	}
	err := fault.New(fault.Invalid, "more than one plan waits or was rejected: %s", strings.Join(names, "; "))
	return matter{}, fault.Hint(err, "give the digest, or enough digits of it")
}
