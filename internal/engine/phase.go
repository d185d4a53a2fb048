package engine

import (
	"context"
	"errors"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// phase is one of the three phases about to be carried out.
type phase struct {
	plan      delivery.Plan
	now       sight
	prove     func(context.Context) error        // looks again, and asks the gates about what is there now
	back      func(context.Context, sight) error // takes back what was done, from what is there; nil where nothing can be
	repeat    string                             // the command that ends what this run began; with back
	undone    func(now sight) []delivery.Undo    // what is as it was before, and what is not; nil with back
	untouched func() bool                        // nothing was done, now or in a run before
	aim       func(sight) sight                  // fills in what is wanted of what is seen; nil where that is the release
}

// phase is what the verb asks for, from what is seen.
func (r *run) phase(now sight) (phase, error) {
	switch r.op.Verb {
	case delivery.VerbProvision:
		return r.provision(now), nil
	case delivery.VerbPrune:
		return r.prune(now)
	default:
		return r.promote(now)
	}
}

// carry does a phase: it is recorded, the gates before it are asked, its hooks
// are run around its steps, and what came of it is proved. What fails for good
// is taken back, and the hooks that are there for it are run.
func (r *run) carry(ctx context.Context, p phase) error {
	if err := r.settle(ctx, p.plan, p.now); err != nil {
		return err
	}
	err := r.before(ctx, p)
	if err != nil && p.untouched() {
		return err
	}
	began := err == nil
	if began {
		err = r.hooks(ctx, delivery.Before(p.plan.Phase), delivery.IfPass, p.now)
	}
	idle := err != nil && p.untouched() // a hook failed before the first step
	if err == nil {
		err = r.steps(ctx, p)
	}
	if err = r.orLost(ctx, err); !isFinal(err) {
		return err
	}
	if lost := r.fails(ctx, err); fault.Is(lost, fault.Locked) {
		return errors.Join(err, lost)
	}
	if p.back != nil && !idle {
		err = r.undo(ctx, err, p)
	} else if n := r.count.Load(); p.back == nil && n > 0 {
		err = errors.Join(err, r.warn(context.WithoutCancel(ctx), fmt.Sprintf("a prune takes nothing back: steps done before it failed: %d", n)))
	}
	if began && !errors.Is(err, errStopped) {
		err = errors.Join(err, r.hooks(context.WithoutCancel(ctx), delivery.After(p.plan.Phase), delivery.IfFail, p.now))
	}
	return err
}

// before is everything that may say no while nothing has been written.
func (r *run) before(ctx context.Context, p phase) error {
	if err := r.watch(ctx); err != nil {
		return err
	}
	if p.plan.Phase == delivery.Promote {
		if err := r.proveWayBack(ctx, p.now); err != nil {
			return err
		}
	}
	return r.ask(ctx, delivery.Before(p.plan.Phase), p.now)
}

// steps does the steps, proves them, and runs the hooks after them. What
// somebody decides during the last of these counts too.
func (r *run) steps(ctx context.Context, p phase) error {
	err := r.do(ctx, p.plan, p.now)
	if err == nil {
		err = r.followUp(ctx, p)
	}
	if err == nil {
		err = p.prove(ctx)
	}
	if err == nil {
		err = r.hooks(ctx, delivery.After(p.plan.Phase), delivery.IfPass, r.last)
	}
	if err == nil {
		err = r.watch(ctx)
	}
	return err
}

// isFinal reports whether err ends the run for good, so that what it did is
// taken back. Who interrupts or waits goes on later; who lost the environment,
// or was stopped, may touch nothing.
func isFinal(err error) bool {
	return err != nil && !fault.Is(err, fault.Interrupted) && !errors.Is(err, errStopped) &&
		!fault.Is(err, fault.Pending) && !fault.Is(err, fault.Locked)
}
