package image

import (
	"context"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Do does one step. A step that was done already is done again without effect.
func (t *Target) Do(ctx context.Context, p delivery.Placement, step delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	p.Version = step.Version
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if report == nil {
		report = func(delivery.Progress) {}
	}
	var out delivery.Outcome
	switch step.Action {
	case actCreate:
		out, err = t.create(ctx, s)
	case actCopy:
		out, err = t.copy(ctx, s, report)
	case actTag:
		out, err = s.move(ctx)
	case actUntag:
		out, err = s.untag(ctx)
	case actRemove:
		out, err = s.remove(ctx, step)
	default:
		return out, fault.New(fault.Invalid, "the image target has no step %q", step.Action)
	}
	if err != nil {
		return delivery.Outcome{}, fmt.Errorf("%s %s of %s in %s: %w", step.Action, step.Version, s.Component, s.Place, s.repo.Explain(err))
	}
	return out, nil
}
