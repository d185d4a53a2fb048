package engine

import (
	"context"
	"errors"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// promote makes the release live in every place. If that fails anywhere, or a
// gate says no afterwards, every place that had moved is moved back.
func (r *run) promote(ctx context.Context, now sight) error {
	if err := provisioned(r.op, now); err != nil {
		return err
	}
	plan := r.e.plan(r.env, delivery.Promote, r.op.Version, now)
	if err := r.settle(ctx, plan, now); err != nil {
		return err
	}
	err := r.ask(ctx, delivery.Before(delivery.Promote), now)
	if err != nil && r.isBack(now) {
		return err // nothing has moved, now or in a run before
	}
	if err == nil {
		err = r.do(ctx, plan, now)
	}
	if err == nil {
		err = r.proveLive(ctx)
	}
	if !isFinal(err) {
		return err
	}
	return r.undo(ctx, err, r.moveBack)
}

// proveLive looks again, and asks the gates about what serves now.
func (r *run) proveLive(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	r.last = now
	for _, x := range now {
		if x.State.Live != x.Version {
			return fault.New(fault.Internal, "all steps are done, yet %s in %s is on %s and not on %s",
				x.Component, x.Place, orNothing(x.State.Live), orNothing(x.Version))
		}
	}
	return r.ask(ctx, delivery.After(delivery.Promote), now)
}

// moveBack promotes each placement to what it was on before.
func (r *run) moveBack(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	for i, x := range now {
		p := &now[i].Placement
		p.Version, p.Artifact = r.way.live(x.Place, x.Component), delivery.Artifact{}
		if p.Version == "" {
			continue
		}
		rel, err := r.e.Releases.Get(ctx, r.e.App.Name, p.Version)
		if err != nil {
			return fmt.Errorf("find the release to go back to: %w", err)
		}
		p.Artifact, _ = rel.Artifact(x.Component)
	}
	return r.do(ctx, r.e.plan(r.env, delivery.Promote, r.op.Version, now), now)
}

// isFinal reports whether err ends the run for good, so that what it did is
// taken back. Who interrupts or waits goes on later; who lost the environment
// may touch nothing.
func isFinal(err error) bool {
	return err != nil && !fault.Is(err, fault.Interrupted) &&
		!fault.Is(err, fault.Pending) && !fault.Is(err, fault.Locked)
}

// undo takes back with a time limit of its own, which an interrupt does not
// cut short, and says in the error whether it could.
func (r *run) undo(ctx context.Context, cause error, back func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.e.undoLimit())
	defer cancel()
	r.report(Event{Kind: Undoing, Error: cause.Error()})
	if err := back(ctx); err != nil {
		return errors.Join(cause, fmt.Errorf("and it could not be taken back: %w", err))
	}
	note := "what this run had changed is as it was before"
	err := r.hold.Append(ctx, delivery.Entry{Event: delivery.Undone, Note: note})
	return errors.Join(cause, err)
}
