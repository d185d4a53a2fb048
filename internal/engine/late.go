package engine

import (
	"context"
	"fmt"
	"slices"
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

// followUp looks once more after the steps, and does what is to do then: what late
// requests of an operation that did not end have undone, or what follows from an output
// that the steps changed. It asks nothing where neither can be.
func (r *run) followUp(ctx context.Context, p phase) error {
	refers := p.plan.Phase != delivery.Prune && r.refers(p)
	if !r.late && !refers {
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
			err := fault.New(fault.Conflict, "%s changes while this operation works: %s not so any more", r.env.Name, fault.Count(steps, "step was done and is", "steps were done and are"))
			return fault.Hint(err, "find what else writes there, then repeat the command")
		}
		note := fmt.Sprintf("late requests of an operation that did not end have changed %s: %s done again", r.env.Name, fault.Count(steps, "step is", "steps are"))
		if !r.late {
			note = fmt.Sprintf("outputs of stacks in %s have changed: %s from that", r.env.Name, fault.Count(steps, "step follows", "steps follow"))
		}
		if err := r.warn(ctx, note); err != nil {
			return err
		}
		if err := r.do(ctx, plan, now); err != nil {
			return err
		}
	}
}

// refers reports whether a placement refers to a component that the plan changes.
func (r *run) refers(p phase) bool {
	return slices.ContainsFunc(p.now, func(x seen) bool { return len(changedBefore(x.Placement, p.plan)) > 0 })
}
