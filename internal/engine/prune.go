package engine

import (
	"context"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// prune removes what is neither live nor kept, in every place.
func (r *run) prune(now sight) (phase, error) {
	if err := clear(r.rec, now); err != nil {
		return phase{}, err
	}
	kept := r.rec.Kept(r.whole, r.env.Keep) // a decision that comes later is for the next prune
	now = now.spare(kept)
	return phase{
		plan: r.e.plan(r.env, delivery.Prune, "", now), now: now,
		prove:     func(ctx context.Context) error { return r.provePruned(ctx, kept) },
		untouched: func() bool { return true },
		aim:       func(now sight) sight { return now.spare(kept) },
	}, nil
}

func (r *run) provePruned(ctx context.Context, kept []string) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	r.last = now
	for _, x := range now.spare(kept) {
		if len(x.Remove) > 0 {
			return fault.New(fault.Internal, "all steps are done, yet %v of %s is still in %s", x.Remove, x.Component, x.Place)
		}
	}
	if err := r.ask(ctx, delivery.After(delivery.Prune), now); err != nil {
		return fmt.Errorf("the prune itself is done: %w", err)
	}
	return nil
}
