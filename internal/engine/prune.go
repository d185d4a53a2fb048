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
	now = now.spare(r.rec.Kept(r.env.Keep))
	return phase{
		plan: r.e.plan(r.env, delivery.Prune, "", now), now: now,
		prove: r.provePruned, untouched: func() bool { return true },
	}, nil
}

func (r *run) provePruned(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	r.last = now
	for _, x := range now.spare(r.rec.Kept(r.env.Keep)) {
		if len(x.Remove) > 0 {
			return fault.New(fault.Internal, "all steps are done, yet %v of %s is still in %s", x.Remove, x.Component, x.Place)
		}
	}
	if err := r.ask(ctx, delivery.After(delivery.Prune), now); err != nil {
		return fmt.Errorf("the prune itself is done: %w", err)
	}
	return nil
}
