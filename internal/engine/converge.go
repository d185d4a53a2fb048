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
	verbs, version, err := e.missing(ctx, req.Environment)
	if err != nil {
		return leg, err
	}
	var first delivery.Plan // that a person agreed to
	bind := ""
	if req.Agreed != "" {
		now, err := "", error(nil)
		if first, bind, now, err = e.convergence(ctx, req, verbs, version); err != nil {
			return leg, err
		}
		if now != req.Agreed {
			return leg, PlanChanged(req.Agreed, now)
		}
	}
	req.Version = version
	for _, verb := range verbs {
		req.Verb, req.Agreed = verb, ""
		if bind != "" && verb.Phase() == first.Phase {
			req.Agreed = bind
		}
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

// missing is what an environment is bound for. It is an error where that is nothing.
func (e *Engine) missing(ctx context.Context, environment string) ([]delivery.Verb, string, error) {
	rec, err := e.Ledger(environment).Read(ctx, delivery.Record{})
	if err != nil {
		return nil, "", err
	}
	verbs, version := bearing(rec)
	if len(verbs) == 0 {
		err := fault.New(fault.Refused, "nothing is live in %s, and no operation there waits to be continued", environment)
		return nil, "", fault.Hint(err, "%s", repair(environment, rec))
	}
	return verbs, version, nil
}

// ConvergeDigest is the digest of what Converge would do: the verbs, the release,
// and the first plan. Nothing is written.
func (e *Engine) ConvergeDigest(ctx context.Context, req Request) (string, error) {
	if _, err := e.App.Environment(req.Environment); err != nil {
		return "", err
	}
	verbs, version, err := e.missing(ctx, req.Environment)
	if err != nil {
		return "", err
	}
	_, _, whole, err := e.convergence(ctx, req, verbs, version)
	return whole, err
}

// convergence is the first plan of Converge with its digest, and the digest of all
// that is known before.
func (e *Engine) convergence(ctx context.Context, req Request, verbs []delivery.Verb, version string) (first delivery.Plan, plan, whole string, err error) {
	req.Verb, req.Version, req.Agreed = verbs[0], version, ""
	if len(verbs) > 1 {
		req.Verb = "" // provision, or promote where everything is ready
	}
	first, plan, err = e.Preview(ctx, req)
	return first, plan, digest([]any{verbs, version, plan}), err
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
