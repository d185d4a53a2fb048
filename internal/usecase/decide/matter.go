package decide

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// matter is a plan that people are asked about.
type matter struct {
	env      delivery.Environment
	op       delivery.Operation // the one that waits, or would be applied
	askedBy  string
	packedBy string
	digest   string
	plan     delivery.Plan
	unmade   error // why the plan could not be made again; a rejection does not need it
	rec      delivery.Record
	saved    *engine.Saved // the saved plan that it is about, if any
	savedAs  string        // what the next command calls it
	gates    []Tally
}

// next is the command that goes on.
func (m matter) next(open bool) string {
	switch {
	case !open:
		return ""
	case m.saved != nil:
		return "falkirk apply " + cmp.Or(m.savedAs, "FILE")
	case m.op.Verb == delivery.VerbPrune:
		return "falkirk prune " + m.env.Name
	case m.op.Verb == delivery.VerbRollback:
		return "falkirk rollback " + m.env.Name + " --to " + m.op.Version
	default:
		return fmt.Sprintf("falkirk %s %s --to %s", m.op.Verb, m.op.Version, m.env.Name)
	}
}

// result is the state of the matter as results hold it.
func (m matter) result() WordResult {
	return WordResult{Plan: usecase.NewPlan(m.plan, m.digest), Gates: m.gates, Open: allOpen(m.gates)}
}

// fill makes the plan of a matter again and asks its gates: a plan that is no
// longer what would be done is refused. A plan that waits can be rejected by its
// digest alone, where a target, a variable or the network is missing.
func (m matter) fill(ctx context.Context, app *usecase.App, gates Gates, rejects bool) (matter, error) {
	// What only puts a promotion off is no reason not to approve it before.
	req := engine.Request{
		Verb: m.op.Verb, Environment: m.env.Name, Version: m.op.Version, Actor: m.askedBy,
		Reason: "to be approved", Override: "to be approved", Saved: m.saved,
	}
	plan, now, err := app.Engine.Preview(ctx, req)
	m.plan = plan
	switch {
	case err != nil && rejects && m.saved == nil && ctx.Err() == nil:
		m.unmade, m.plan = err, delivery.Plan{App: m.op.App, Environment: m.env.Name, Version: m.op.Version, Phase: m.op.Verb.Phase()}
	case err != nil:
		return m, err
	case now != m.digest:
		err := fault.New(fault.Conflict, "the plan %s is no longer what would be done to %s in %s: that is %s by now",
			delivery.ShortDigest(m.digest), m.op.Heading(), m.env.Name, delivery.ShortDigest(now))
		return m, fault.Hint(err, "%s asks for approvals of the new one", m.next(true))
	}
	if m.op.Verb != delivery.VerbPrune {
		rel, err := app.Releases.Get(ctx, m.op.App, m.op.Version)
		if err != nil {
			return m, err
		}
		m.packedBy = rel.PackedBy
	}
	m.gates, err = m.count(gates)
	if err == nil && len(m.gates) == 0 {
		err = fault.Hint(fault.New(fault.Refused, "no gate of %s asks people about %s", m.env.Name, m.op.Heading()), "no approval is needed; to ask for one, add a gate with approval in the app file")
	}
	return m, err
}

// find is the matter that a name means: an environment, the digits of a digest, or
// else a saved plan.
func find(ctx context.Context, app *usecase.App, of string, saved *engine.Saved, savedAs string) (matter, error) {
	env, err := app.Engine.App.Environment(of)
	if err == nil {
		return waitingIn(ctx, app, env)
	}
	digits, sure := strings.CutPrefix(of, "sha256:")
	if sure || saved == nil && isDigits(digits) {
		return waitingAs(ctx, app, digits)
	}
	if saved == nil {
		text := fmt.Sprintf("%q is no environment, no digest of a plan and no saved plan", of)
		unknown := fault.New(fault.NotFound, "%w", delivery.UnknownEnvironment{Name: of, Text: text})
		return matter{}, fault.Hint(unknown, "%s", fault.HintOf(err))
	}
	return ofSaved(ctx, app, *saved, savedAs)
}

// exactly is the matter with a digest that a person has seen: of a saved plan, or of
// what waits or was rejected in an environment.
func exactly(ctx context.Context, app *usecase.App, environment, digest string, saved *engine.Saved, savedAs string) (matter, error) {
	if saved != nil {
		m, err := ofSaved(ctx, app, *saved, savedAs)
		if err == nil && m.digest != digest {
			err = engine.PlanChanged(digest, m.digest)
		}
		return m, err
	}
	env, err := app.Engine.App.Environment(environment)
	if err != nil {
		return matter{}, err
	}
	waiting, closed, err := undecided(ctx, app, env)
	if err != nil {
		return matter{}, err
	}
	all := append(waiting, closed...)
	var same []matter
	for _, m := range all {
		if m.digest == digest {
			same = append(same, m)
		}
	}
	if len(same) == 0 && len(all) > 0 {
		err := fault.New(fault.Conflict, "the plan %s does not wait in %s any more: %s", delivery.ShortDigest(digest), env.Name, listed(all))
		return matter{}, fault.Hint(err, "nothing was written; look at the plan that waits now")
	}
	return one(same, noneIn(env))
}

// ofSaved is the matter of a saved plan.
func ofSaved(ctx context.Context, app *usecase.App, saved engine.Saved, savedAs string) (matter, error) {
	if err := saved.Check(); err != nil {
		return matter{}, err
	}
	env, err := app.Engine.App.Environment(saved.Plan.Environment)
	if err != nil {
		return matter{}, err
	}
	rec, err := app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	op := delivery.Operation{Verb: saved.Verb, App: saved.Plan.App, Environment: env.Name, Version: saved.Plan.Version, Actor: saved.MadeBy}
	return matter{env: env, op: op, askedBy: saved.MadeBy, digest: saved.Digest, rec: rec, saved: &saved, savedAs: savedAs}, err
}
