package engine

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// repairs is how often steps are done again at most for what arrived late.
const repairs = 3

// mayBeLate reports whether the operation before did not end by itself: it was
// displaced, or it was killed or interrupted and left a promotion unsettled. A
// request of it may arrive among those of the next one.
func mayBeLate(own delivery.Record) bool {
	return own.Open != nil || own.Stolen != nil || own.Way != nil
}

// endChildren ends the hooks and gates of the operations before, where one of
// them did not end by itself: its guard process may have been killed with it,
// or is stopped. What cannot be ended may still write, so this run writes nothing.
func (r *run) endChildren(ctx context.Context) error {
	if !r.late || r.e.EndChildren == nil {
		return nil
	}
	var before []string
	for _, op := range r.rec.Recent {
		if op.ID != r.op.ID {
			before = append(before, op.ID)
		}
	}
	ended, remain := r.e.EndChildren(before)
	if len(remain) > 0 {
		err := fault.New(fault.Conflict, "processes of an operation before still run and cannot be ended: %s", strings.Join(remain, ", "))
		return fault.Hint(err, "end them, then repeat the command")
	}
	if len(ended) > 0 {
		return r.warn(ctx, fmt.Sprintf("hooks or gates of an operation that did not end ran on, and were killed: %s", strings.Join(ended, ", ")))
	}
	return nil
}

// repair looks once more after the steps of an operation that follows one that
// did not end by itself, and does again what late requests have undone. It asks
// nothing where the operation before has ended.
func (r *run) repair(ctx context.Context, p phase) error {
	if !r.late {
		return nil
	}
	for try := 0; ; try++ {
		now, err := r.e.observe(ctx, r.env, r.rel)
		if err != nil {
			return err
		}
		if p.aim != nil {
			now = p.aim(now)
		}
		plan := r.e.plan(r.env, p.plan.Phase, p.plan.Version, now)
		steps, _ := plan.Totals()
		if steps == 0 {
			return nil
		}
		if try == repairs {
			err := fault.New(fault.Conflict, "%s changes while this operation works: %d steps were done and are not so any more", r.env.Name, steps)
			return fault.Hint(err, "find what else writes there, then repeat the command")
		}
		note := fmt.Sprintf("late requests of an operation that did not end have changed %s: %d steps are done again", r.env.Name, steps)
		if err := r.warn(ctx, note); err != nil {
			return err
		}
		if err := r.do(ctx, plan, now); err != nil {
			return err
		}
	}
}
