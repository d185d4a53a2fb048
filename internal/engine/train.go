package engine

import (
	"context"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Leg is what a train did in one environment.
type Leg struct {
	Environment string  `json:"environment"`
	Passed      bool    `json:"passed"` // the release had been promoted there before
	Provision   *Result `json:"provision,omitempty"`
	Promote     *Result `json:"promote,omitempty"`
}

// Train takes a release through the environments before the named one and into
// it, and stops at the first that it cannot enter. Environments in which the
// release was promoted already are passed.
func (e *Engine) Train(ctx context.Context, to string, req Request) ([]Leg, error) {
	route, err := e.App.Route(to)
	if err != nil {
		return nil, err
	}
	for _, env := range route {
		if err := env.NoRules.Err("soak and freeze of " + env.Name); err != nil {
			return nil, err // before anything is provisioned
		}
	}
	if req.Agreed != "" {
		now, err := e.TrainDigest(ctx, to, req.Version)
		if err != nil {
			return nil, err
		}
		if now != req.Agreed {
			return nil, PlanChanged(req.Agreed, now)
		}
		req.Agreed = ""
	}
	var legs []Leg
	for _, env := range route {
		leg, err := e.leg(ctx, env.Name, env.Name == to, req)
		if err != nil {
			if leg.changed() || slices.ContainsFunc(legs, Leg.changed) {
				err = fault.Begun(err)
			}
			return legs, err
		}
		legs = append(legs, leg)
	}
	return legs, nil
}

// TrainDigest is the digest of what a train starts from: the release, the app file,
// and what is live and ready by the record in each environment on the way. It
// observes nothing, since what comes after the first gate is not known yet.
func (e *Engine) TrainDigest(ctx context.Context, to, version string) (string, error) {
	route, err := e.App.Route(to)
	if err != nil {
		return "", err
	}
	rel, err := e.Releases.Get(ctx, e.App.Name, version)
	if err != nil {
		return "", err
	}
	parts := []any{digest(e.App), rel.Version, digest(rel.Artifacts), to}
	for _, env := range route {
		rec, err := e.Ledger(env.Name).Read(ctx, delivery.Record{})
		if err != nil {
			return "", err
		}
		parts = append(parts, env.Name, rec.Live(), rec.Way, rec.Bound, rec.Standing, slices.Contains(rec.Promoted, version))
	}
	return digest(parts), nil
}

// changed reports whether anything was written in the environment.
func (l Leg) changed() bool {
	return l.Provision != nil && l.Provision.Changed || l.Promote != nil && l.Promote.Changed
}

func (e *Engine) leg(ctx context.Context, env string, last bool, req Request) (Leg, error) {
	req.Environment = env
	leg := Leg{Environment: env}
	rec, err := e.Ledger(env).Read(ctx, delivery.Record{})
	if err != nil {
		return leg, err
	}
	settled := rec.Way == nil && rec.Open == nil
	if settled && !last && slices.Contains(rec.Promoted, req.Version) {
		e.report(e.operation(req), Event{Kind: PassedOff, Note: "promoted here before"})
		leg.Passed = true
		return leg, nil
	}
	req.Verb = delivery.VerbProvision
	res, err := e.Run(ctx, req)
	if err != nil {
		return leg, err
	}
	leg.Provision = &res
	req.Verb = delivery.VerbPromote
	done, err := e.Run(ctx, req)
	if err != nil {
		return leg, err
	}
	leg.Promote = &done
	return leg, nil
}
