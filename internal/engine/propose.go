package engine

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// Proposal is what would be done, and what keeps it from being done now.
type Proposal struct {
	Plan     delivery.Plan
	Digest   string         // that it would be asked about and recorded with
	Changes  []Forecast     // of each step, where its target can say so
	Obstacle *rule.Obstacle // what is refused until later, such as in a freeze; nil: nothing
}

// Propose is the plan of a request. Nothing is written, nothing is held. A
// request without a verb is for what comes next: provision, or promote where
// everything is ready.
func (e *Engine) Propose(ctx context.Context, req Request) (Proposal, error) {
	a, o, err := e.look(ctx, req)
	if err != nil {
		return Proposal{Plan: a.plan}, err
	}
	changes, err := e.forecast(ctx, a)
	return Proposal{Plan: a.plan, Digest: bound(a.sit.Own, a.sit.Operation, a.plan), Changes: changes, Obstacle: o}, err
}

// Preview is only the plan and its digest. It asks less than Propose.
func (e *Engine) Preview(ctx context.Context, req Request) (delivery.Plan, string, error) {
	a, _, err := e.look(ctx, req)
	if err != nil {
		return a.plan, "", err
	}
	return a.plan, bound(a.sit.Own, a.sit.Operation, a.plan), nil
}

// look is ready for what only reads. It goes on while everything is stopped, in a
// freeze, before the soak time is over, and with an unsafe app file, and says so: a plan that is carried out
// later can be made, saved and approved before.
func (e *Engine) look(ctx context.Context, req Request) (asked, *rule.Obstacle, error) {
	if req.Verb == "" {
		return e.lookNext(ctx, req)
	}
	a, err := e.asking(ctx, req, lasting)
	if err != nil {
		return a, nil, err
	}
	o := rule.First(a.sit)
	if a.isLive() {
		o = nil // nothing is left that a rule could refuse
	}
	return a, o, nil
}

// lookNext proposes the promotion where nothing is left to provision. Where that is
// refused there is nothing to do yet, and the obstacle says why.
func (e *Engine) lookNext(ctx context.Context, req Request) (asked, *rule.Obstacle, error) {
	req.Verb = delivery.VerbProvision
	a, o, err := e.look(ctx, req)
	if err != nil || !a.plan.IsEmpty() {
		return a, o, err
	}
	req.Verb = delivery.VerbPromote
	b, o, err := e.look(ctx, req)
	if fault.Is(err, fault.Refused) {
		return a, &rule.Obstacle{Text: err.Error(), Next: fault.HintOf(err)}, nil
	}
	return b, o, err
}

// lasting is the first rule that refuses an operation whenever it is carried out.
func lasting(s rule.Situation) *rule.Obstacle {
	s.Own.Stop, s.Whole.Stop, s.Unsafe = nil, nil, ""
	s.Environment.Freeze, s.Environment.Soak = nil, 0
	return rule.First(s)
}
