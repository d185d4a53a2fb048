package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// provision makes the release ready in every place. If that fails, what this
// run added is removed again.
func (r *run) provision(now sight) phase {
	repeat := fmt.Sprintf("falkirk provision %s --to %s", r.op.Version, r.env.Name)
	return phase{
		plan: r.e.plan(r.env, delivery.Provision, r.op.Version, now), now: now,
		prove: r.proveReady,
		back:  func(ctx context.Context, later sight) error { return r.removeAdded(ctx, now, later) },
		undone: func(later sight) []delivery.Undo {
			return compare(now, later, holding(r.op.Version), "correct the cause, then "+repeat+" goes on from what is there")
		},
		repeat:    repeat,
		untouched: func() bool { return true },
	}
}

// proveReady looks again, and asks the gates about what is there now.
func (r *run) proveReady(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	r.last = now
	if missing := now.notReady(); len(missing) > 0 {
		err := fault.New(fault.Internal, "all steps are done, and %s is not ready: %s", r.op.Version, strings.Join(missing, ", "))
		return fault.Hint(err, "falkirk status %s shows what is there; then repeat the command", r.env.Name)
	}
	if err := r.proveComplete(delivery.Provision, now); err != nil {
		return err
	}
	return r.ask(ctx, delivery.After(delivery.Provision), now)
}

// removeAdded prunes the release from the placements that were without it
// before this run, and never from one that it serves.
func (r *run) removeAdded(ctx context.Context, before, now sight) error {
	for i, x := range now {
		v := r.op.Version
		if !slices.Contains(before[i].State.Ready, v) && x.State.Live != v && slices.Contains(x.State.Present, v) {
			now[i].Remove = []string{v}
		}
	}
	return r.do(ctx, r.e.plan(r.env, delivery.Prune, r.op.Version, now), now)
}
