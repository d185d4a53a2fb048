package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// do carries out a plan: places side by side, the steps of one place in order.
// Every place comes to an end of its own; the errors of all are joined, those
// that are failures before those that are interruptions.
func (r *run) do(ctx context.Context, plan delivery.Plan, now sight) error {
	errs := make([]error, len(plan.Places))
	var group errgroup.Group
	group.SetLimit(r.env.Parallel)
	for i, pp := range plan.Places {
		group.Go(func() error {
			errs[i] = r.doPlace(ctx, pp, now.at(pp.Place))
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	return joinFailuresFirst(errs)
}

// What several places say in the same words is said once.
func joinFailuresFirst(errs []error) error {
	var failed, stopped []error
	said := map[string]bool{}
	for _, err := range errs {
		if err != nil && said[err.Error()] {
			continue
		}
		if err != nil {
			said[err.Error()] = true
		}
		if fault.Is(err, fault.Interrupted) {
			stopped = append(stopped, err)
		} else {
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return errors.Join(append([]error{err}, stopped...)...)
	}
	if len(stopped) > 0 {
		return stopped[0]
	}
	return nil
}

func (r *run) doPlace(ctx context.Context, pp delivery.PlacePlan, now sight) error {
	for _, s := range pp.Steps {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Interrupted, "stopped before: %s %s in %s", s.Summary, s.Component, s.Place)
		}
		if err := r.watch(ctx); err != nil {
			return err
		}
		p, err := r.refill(ctx, now.placementOf(s))
		if err == nil {
			err = r.doStep(ctx, s, p)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %s: %w", s.Place, s.Component, s.Summary, err)
		}
	}
	return nil
}

// refill completes the settings of a placement again, where they refer to another
// component: steps before may have changed what that one gives.
func (r *run) refill(ctx context.Context, p delivery.Placement) (delivery.Placement, error) {
	if r.e.Fill == nil || len(p.Needs) == 0 {
		return p, nil
	}
	for _, l := range r.env.Landings {
		if l.Place == p.Place && l.Component == p.Component {
			p.Settings = l.Settings
		}
	}
	return r.e.Fill(ctx, p)
}

func (s sight) placementOf(step delivery.Step) delivery.Placement {
	for _, x := range s {
		if x.Component == step.Component && x.Place == step.Place {
			return x.Placement
		}
	}
	return delivery.Placement{}
}

// doStep does one step to its end and notes it in the ledger. An interrupt
// leaves it the grace time to end by itself.
func (r *run) doStep(ctx context.Context, s delivery.Step, p delivery.Placement) error {
	stepCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), fence.ErrLost) {
			cancel()
			return
		}
		t := time.AfterFunc(r.e.grace(), cancel)
		context.AfterFunc(stepCtx, func() { t.Stop() })
	})
	defer stop()

	began := r.e.Now()
	r.report(Event{Kind: Starting, Place: &s.Place, Step: &s})
	out, err := r.repeat(ctx, stepCtx, s, p)
	err = r.orLost(ctx, err)
	ev := Event{Kind: Finished, Place: &s.Place, Step: &s, Note: out.Note, Took: r.e.Now().Sub(began)}
	if err != nil {
		ev.Error = fault.CleanAddresses(err.Error())
		r.report(ev)
		return err
	}
	r.count.Add(1)
	r.report(ev)
	return r.hold.Append(stepCtx, delivery.Entry{Event: delivery.Did, Step: &s, Note: out.Note})
}

// repeat asks a step again for as long as its outcome is to wait.
func (r *run) repeat(ctx, stepCtx context.Context, s delivery.Step, p delivery.Placement) (delivery.Outcome, error) {
	for {
		out, err := r.once(stepCtx, s, p)
		if err != nil || out.Wait <= 0 {
			return out, err
		}
		wait := time.NewTimer(out.Wait)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return out, fault.New(fault.Interrupted, "stopped while waiting: %s", out.Note)
		}
		if err := r.watch(ctx); err != nil {
			return out, err
		}
	}
}

// once calls the target; a panic in it becomes an error of this step.
func (r *run) once(ctx context.Context, s delivery.Step, p delivery.Placement) (out delivery.Outcome, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fault.New(fault.Internal, "panic in target %s: %v\n%s", s.Target, x, debug.Stack())
		}
	}()
	return r.e.Targets[s.Target].Do(ctx, p, s, func(g delivery.Progress) {
		r.report(Event{Kind: Progress, Place: &s.Place, Step: &s, Progress: &g})
	})
}
