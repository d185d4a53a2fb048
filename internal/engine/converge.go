package engine

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Converge brings all places of an environment to where it is bound for, and
// does only what is missing: it ends a run that was begun, or else repairs what
// is live, also in places that are new. A promotion that failed, and could not
// be taken back, is taken back.
func (e *Engine) Converge(ctx context.Context, req Request) (Leg, error) {
	leg := Leg{Environment: req.Environment}
	if _, err := e.App.Environment(req.Environment); err != nil {
		return leg, err
	}
	rec, err := e.Ledger(req.Environment).Read(ctx, delivery.Record{})
	if err != nil {
		return leg, err
	}
	verbs, version := bearing(rec)
	if len(verbs) == 0 {
		err := fault.New(fault.Refused, "nothing is live in %s, and no operation there waits to be continued", req.Environment)
		return leg, fault.Hint(err, "%s", repair(req.Environment, rec))
	}
	req.Version = version
	for _, verb := range verbs {
		req.Verb = verb
		res, err := e.Run(ctx, req)
		if err != nil {
			if leg.changed() {
				err = fault.Begun(err)
			}
			return leg, err
		}
		if verb == delivery.VerbProvision {
			leg.Provision = &res
		} else {
			leg.Promote = &res
		}
	}
	return leg, nil
}

// bearing is what an environment is bound for: the verbs that are missing, and
// their version; none when nothing is live and nothing was begun.
func bearing(rec delivery.Record) ([]delivery.Verb, string) {
	toLive := []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote}
	failed := func(b *delivery.Bound) bool { _, has := rec.Failed(b.Version); return has }
	move, begun := rec.Move, rec.Bound
	switch {
	case rec.Toward != "" || move != nil && failed(move) && rec.Live() != "":
		return []delivery.Verb{delivery.VerbRollback}, rec.Toward
	case move != nil:
		return toLive, move.Version
	case begun != nil && begun.Verb == delivery.VerbProvision && !failed(begun):
		return toLive[:1], begun.Version
	case rec.Live() != "":
		return toLive, rec.Live()
	}
	return nil, ""
}
