package engine

import (
	"context"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Retirement is what a person says is gone: what the record says is live where the
// app file has nothing any more.
type Retirement struct {
	delivery.Scope // as status shows it: prd/us; prd alone is every such place of prd
	Actor          string
	Reason         string
	DryRun         bool
	Agreed         string // digest of what a person agreed to retire; empty: whatever there is
}

// Retired is what became of it.
type Retired struct {
	Operation delivery.Operation  `json:"operation"`
	Retired   []delivery.Standing `json:"retired"` // what the record said was live
	Changed   bool                `json:"changed"` // false: it was so before, or it is a dry run
}

// Digest is the digest of what is retired.
func (r Retired) Digest() string { return digest(r.Retired) }

// Retire writes into the ledger that nothing is live any more where the app file has
// nothing. It removes nothing, and is refused for what is in the app file.
func (e *Engine) Retire(ctx context.Context, r Retirement) (Retired, error) {
	name := r.Environment()
	env, unknown := e.App.Environment(name)
	if unknown != nil {
		env = delivery.Environment{Name: name}
	}
	if err := env.Unusable.Err("environment " + name); err != nil {
		return Retired{}, err
	}
	log := e.Ledger(name)
	rec, err := log.Read(ctx, delivery.Record{})
	if err != nil {
		return Retired{}, err
	}
	if unknown != nil && rec.Last == 0 {
		return Retired{}, unknown
	}
	op := e.operation(Request{Verb: delivery.VerbRetire, Environment: name, Actor: r.Actor, Reason: r.Reason})
	out := Retired{Operation: op, Retired: slices.DeleteFunc(rec.Orphans(env), func(s delivery.Standing) bool { return !r.Covers(s.Place, s.Component) })}
	if len(out.Retired) == 0 {
		out.Retired = []delivery.Standing{}
		return out, r.nothing(env, rec)
	}
	if now := out.Digest(); r.Agreed != "" && r.Agreed != now {
		return out, PlanChanged(r.Agreed, now)
	}
	if r.DryRun {
		return out, nil
	}
	_, err = log.Decide(ctx, delivery.Entry{Event: delivery.Decided, Operation: op, Before: out.Retired})
	out.Changed = err == nil
	return out, err
}

// nothing says why there is nothing to retire; nil where it was retired before.
func (r Retirement) nothing(env delivery.Environment, rec delivery.Record) error {
	inFile := slices.ContainsFunc(env.Landings, func(l delivery.Landing) bool { return r.Covers(l.Place, l.Component) })
	if inFile || r.Component == "" && slices.ContainsFunc(env.Places, func(p delivery.Place) bool { return r.Covers(p, "") }) {
		err := fault.New(fault.Refused, "%s is in the app file, with everything that is live there", r.Scope)
		return fault.Hint(err, "remove it from the app file first, then: falkirk status %s", env.Name)
	}
	if slices.ContainsFunc(rec.Standing, func(s delivery.Standing) bool { return r.Covers(s.Place, s.Component) }) {
		return nil
	}
	err := fault.New(fault.NotFound, "the record of %s has no place %s", env.Name, r.Scope)
	return fault.Hint(err, "falkirk status %s shows what is orphaned", env.Name)
}
