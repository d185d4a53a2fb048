package engine

import (
	"context"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// Decision is what a person decides about an environment, a release, or the
// whole app.
type Decision struct {
	Verb        delivery.Verb
	Environment string // delivery.Everywhere for the whole app
	Version     string // of a ban
	Actor       string
	Reason      string
}

// Decided is what became of a decision.
type Decided struct {
	Operation delivery.Operation `json:"operation"`
	Changed   bool               `json:"changed"` // false: it was so before
}

// Decide writes a decision into the ledger. Runs under way meet it before their
// next step. What has been decided already is not decided again, where that can
// be relied on.
func (e *Engine) Decide(ctx context.Context, d Decision) (Decided, error) {
	if err := e.checkDecision(d); err != nil {
		return Decided{}, err
	}
	log := e.Ledger(d.Environment)
	rec, err := log.Read(ctx, delivery.Record{})
	if err != nil {
		return Decided{}, err
	}
	if d.Verb == delivery.VerbHold {
		d.Version = rec.Live()
	}
	if old, is := standing(rec, d); is && !e.mayNotCount(rec, d) {
		return Decided{Operation: old}, nil
	}
	op := e.operation(Request{Verb: d.Verb, Environment: d.Environment, Version: d.Version, Actor: d.Actor})
	op.Reason = d.Reason
	_, err = log.Decide(ctx, delivery.Entry{Event: delivery.Decided, Operation: op})
	return Decided{Operation: op, Changed: err == nil}, err
}

// mayNotCount reports whether what the record says of earlier decisions is not to
// be relied on: then a decision is written although the record says that it was
// made. Somebody who may write to the store could have put it there without a key.
func (e *Engine) mayNotCount(rec delivery.Record, d Decision) bool {
	switch {
	case e.App.Ledger == nil || d.Verb == delivery.VerbSignLedger:
		return false
	case d.Verb == delivery.VerbStop:
		return true // a stop counts without a key, and an entry at the end can be cut off
	}
	return rec.Doubt != nil
}

func (e *Engine) checkDecision(d Decision) error {
	switch d.Verb {
	case delivery.VerbBan, delivery.VerbUnban:
		if err := delivery.CheckVersion(d.Version); err != nil {
			return err
		}
	case delivery.VerbHold, delivery.VerbRelease, delivery.VerbStop, delivery.VerbResume, delivery.VerbSignLedger:
	default:
		return fault.New(fault.Internal, "%s is no decision", d.Verb)
	}
	if d.Environment == delivery.Everywhere {
		return nil
	}
	_, err := e.App.Environment(d.Environment)
	return err
}

// standing is the earlier decision that says the same; that there is nothing to
// take back counts as one.
func standing(rec delivery.Record, d Decision) (delivery.Operation, bool) {
	same := func(o *delivery.Operation) (delivery.Operation, bool) {
		if o == nil || o.Version != d.Version {
			return delivery.Operation{}, false
		}
		return *o, true
	}
	none := delivery.Operation{Verb: d.Verb, Environment: d.Environment, Version: d.Version}
	switch d.Verb {
	case delivery.VerbHold:
		return same(rec.Hold)
	case delivery.VerbStop:
		return same(rec.Stop)
	case delivery.VerbBan:
		return rec.Banned(d.Version)
	case delivery.VerbRelease:
		return none, rec.Hold == nil
	case delivery.VerbResume:
		return none, rec.Stop == nil
	case delivery.VerbSignLedger:
		return none, rec.Doubt == nil
	default:
		_, is := rec.Banned(d.Version)
		return none, !is
	}
}

// Why says what holds a release back from an environment, and what moves it on.
func (e *Engine) Why(ctx context.Context, version, environment string) (rule.Obstacle, error) {
	if err := delivery.CheckVersion(version); err != nil {
		return rule.Obstacle{}, err
	}
	sit, err := e.situation(ctx, Request{Verb: delivery.VerbPromote, Environment: environment, Version: version})
	if err != nil {
		return rule.Obstacle{}, err
	}
	known := slices.Concat(sit.Own.Promoted, sit.Own.Readied)
	if !slices.Contains(known, version) {
		if _, err := e.Releases.Get(ctx, e.App.Name, version); err != nil {
			return rule.Obstacle{}, err
		}
	}
	return rule.Why(sit), nil
}
