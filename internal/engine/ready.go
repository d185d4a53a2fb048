package engine

import (
	"context"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// asked is a request with everything that can be known without holding the
// environment.
type asked struct {
	env  delivery.Environment
	op   delivery.Operation
	rel  delivery.Release
	rec  delivery.Record
	now  sight
	plan delivery.Plan
}

// Preview is the plan of a request; nothing is written, nothing is held.
func (e *Engine) Preview(ctx context.Context, req Request) (delivery.Plan, error) {
	a, err := e.ready(ctx, req)
	return a.plan, err
}

// ready looks a request up and refuses it where a rule says no.
func (e *Engine) ready(ctx context.Context, req Request) (asked, error) {
	env, err := e.App.Environment(req.Environment)
	if err != nil {
		return asked{}, err
	}
	rec, err := e.Ledger(env.Name).Read(ctx, delivery.Record{})
	if err != nil {
		return asked{}, err
	}
	if req.Version, err = versionFor(req, rec); err != nil {
		return asked{}, err
	}
	a := asked{env: env, rec: rec, op: e.operation(req)}
	if req.Verb != delivery.VerbPrune {
		if a.rel, err = e.Releases.Get(ctx, e.App.Name, req.Version); err != nil {
			return asked{}, err
		}
	}
	if err := e.inOrder(ctx, env, req); err != nil {
		return asked{}, err
	}
	if a.now, err = e.observe(ctx, env, a.rel); err != nil {
		return asked{}, err
	}
	return a.planned(e, req.Verb)
}

func (a asked) planned(e *Engine, verb delivery.Verb) (asked, error) {
	switch verb {
	case delivery.VerbProvision:
		a.plan = e.plan(a.env, delivery.Provision, a.op.Version, a.now)
	case delivery.VerbPrune:
		if err := clear(a.rec, a.now); err != nil {
			return asked{}, err
		}
		a.now = a.now.spare(a.rec.Kept(a.env.Keep))
		a.plan = e.plan(a.env, delivery.Prune, "", a.now)
	default:
		if err := provisioned(a.op, a.now); err != nil {
			return asked{}, err
		}
		a.plan = e.plan(a.env, delivery.Promote, a.op.Version, a.now)
	}
	return a, nil
}

// isIdle reports whether the request has been done already, to its end. An
// operation that is open in the ledger may be that of a killed run, which is
// to be ended.
func (a asked) isIdle() bool {
	if !a.plan.IsEmpty() || a.rec.Open != nil {
		return false
	}
	switch a.op.Verb {
	case delivery.VerbPrune:
		return true
	case delivery.VerbProvision:
		return slices.Contains(a.rec.Readied, a.op.Version) || slices.Contains(a.rec.Promoted, a.op.Version)
	default:
		return a.rec.Live() == a.op.Version && a.rec.Way == nil
	}
}

func (e *Engine) operation(req Request) delivery.Operation {
	return delivery.Operation{
		ID: e.NewID(), Verb: req.Verb, App: e.App.Name, Environment: req.Environment,
		Version: req.Version, Actor: req.Actor, Reason: req.Skip, At: e.Now().UTC(),
	}
}

// versionFor is the version of a request. A rollback without one goes on with a
// rollback that has not settled, or back from a promotion that has not, or to
// the previous release.
func versionFor(req Request, rec delivery.Record) (string, error) {
	switch {
	case req.Verb == delivery.VerbPrune:
		return "", nil
	case req.Version != "":
		return req.Version, delivery.CheckVersion(req.Version)
	case req.Verb != delivery.VerbRollback:
		return "", fault.New(fault.Invalid, "%s needs a version", req.Verb)
	}
	v := rec.Previous()
	switch {
	case rec.Toward != "":
		v = rec.Toward
	case rec.Way != nil:
		v = rec.Live()
	}
	if v == "" {
		err := fault.New(fault.Refused, "%s has no earlier release to roll back to", req.Environment)
		return "", fault.Hint(err, "falkirk history %s shows what was live", req.Environment)
	}
	return v, nil
}

// inOrder refuses a promotion of what was not promoted, with success, in the
// environments before.
func (e *Engine) inOrder(ctx context.Context, env delivery.Environment, req Request) error {
	if req.Verb != delivery.VerbPromote || req.Skip != "" {
		return nil
	}
	for _, up := range env.After {
		rec, err := e.Ledger(up).Read(ctx, delivery.Record{})
		if err != nil {
			return err
		}
		if !slices.Contains(rec.Promoted, req.Version) {
			err := fault.New(fault.Refused, "%s is not promoted in %s, which comes before %s", req.Version, up, env.Name)
			return fault.Hint(err, "falkirk train %s --to %s, or give --skip-order REASON", req.Version, env.Name)
		}
	}
	return nil
}

func provisioned(op delivery.Operation, now sight) error {
	missing := now.notReady()
	if len(missing) == 0 {
		return nil
	}
	err := fault.New(fault.Refused, "%s is not ready in %s: %s", op.Version, op.Environment, strings.Join(missing, ", "))
	return fault.Hint(err, "falkirk provision %s --to %s", op.Version, op.Environment)
}

// clear refuses to prune while it is not clear which release serves: every
// placement must be on the release that the ledger says is live.
func clear(rec delivery.Record, now sight) error {
	want := rec.Live()
	var odd []string
	for _, x := range now {
		// A component that the live release does not have is rightly not live.
		if x.State.Live != want && (x.State.Live != "" || want == "") {
			odd = append(odd, x.Component+" in "+x.Place.String()+" is on "+orNothing(x.State.Live))
		}
	}
	if len(odd) == 0 && rec.Way == nil {
		return nil
	}
	if rec.Way != nil {
		odd = append(odd, "a promotion has not come to its end")
	}
	err := fault.New(fault.Refused, "nothing is pruned, for it is not clear what serves: the ledger says %s, but %s",
		orNothing(want), strings.Join(odd, ", "))
	return fault.Hint(err, "falkirk promote VERSION --to %s settles it", now.environment())
}

func (s sight) environment() string {
	if len(s) == 0 {
		return "ENVIRONMENT"
	}
	return s[0].Place.Environment
}

func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}
