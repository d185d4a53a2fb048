package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// hooks runs the hooks of a moment, one after the other, each in all its places
// at once, and none twice. Outcome is how things stand before the first of them.
// One that fails before a phase turns it, so that later ones for a failure are
// run; after a phase the others wait until what was done is taken back. Their
// failures are the error.
func (r *run) hooks(ctx context.Context, when delivery.Moment, outcome delivery.Condition, now sight) error {
	var errs []error
	for _, h := range r.env.Hooks {
		if h.When != when || !wanted(h, outcome) || slices.Contains(r.ran, h.Name) {
			continue
		}
		r.ran = append(r.ran, h.Name)
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, fault.New(fault.Interrupted, "stopped before hook %s", h.Name))...)
		}
		err := r.watch(ctx)
		if err == nil {
			err = r.hookPlaces(ctx, h, outcome, now)
		}
		errs = append(errs, err)
		if err != nil {
			if !isFinal(err) {
				return err
			}
			if outcome == delivery.IfPass && when.IsAfter() {
				break
			}
			if lost := r.fails(ctx, err); lost != nil {
				return joinFailuresFirst(append(errs, lost))
			}
			outcome = delivery.IfFail
		}
	}
	return joinFailuresFirst(errs)
}

func wanted(h delivery.Hook, outcome delivery.Condition) bool {
	want := h.If
	if want == "" {
		want = delivery.IfPass
	}
	return want == delivery.Always || want == outcome
}

func (r *run) hookPlaces(ctx context.Context, h delivery.Hook, outcome delivery.Condition, now sight) error {
	return joinFailuresFirst(r.everywhere(h.Once, func(p delivery.Place) error { return r.hook(ctx, h, p, outcome, now) }))
}

// fails writes down, once, that the run fails, before what it did is taken back:
// should the process die meanwhile, the next run knows that no hook counts as
// passed.
func (r *run) fails(ctx context.Context, cause error) error {
	if r.failing {
		return nil
	}
	r.failing = true
	return r.hold.Append(context.WithoutCancel(ctx), delivery.Entry{Event: delivery.Failing, Error: fault.CleanAddresses(cause.Error())})
}

// hook runs one hook in one place, unless it need not run again.
func (r *run) hook(ctx context.Context, h delivery.Hook, place delivery.Place, outcome delivery.Condition, now sight) error {
	if why := r.hasPassed(h, place); why != "" {
		r.report(Event{Kind: Ran, Place: &place, Hook: h.Name, Note: why})
		return nil
	}
	here := now
	if !h.Once {
		here = now.at(place)
	}
	q := delivery.Question{Gate: h.Name, Settings: h.Settings, When: h.When, Outcome: outcome}
	began := r.e.Now()
	v, err := r.answer(ctx, h.Kind, r.question(q, place, here))
	ev := Event{Kind: Ran, Place: &place, Hook: h.Name, Verdict: &v, Took: r.e.Now().Sub(began)}
	if err == nil && v.Answer != delivery.Open {
		err = hinted(fault.New(fault.Internal, "%s", v.Reason), v.Next)
	}
	if err != nil {
		ev.Error = fault.CleanAddresses(err.Error())
		r.report(ev)
		return fmt.Errorf("hook %s (%s) in %s: %w", h.Name, h.When, place, err)
	}
	r.report(ev)
	return r.hold.Append(context.WithoutCancel(ctx), delivery.Entry{
		Event: delivery.Hooked, Gate: h.Name, Note: place.String(), Verdict: &v, Repeat: h.Repeat,
	})
}

// hasPassed says why a hook need not run again; "" where it must.
func (r *run) hasPassed(h delivery.Hook, place delivery.Place) string {
	key := delivery.HookKey(h.Name, place.String())
	begun := r.rec.BoundBy(r.op.Verb)
	switch {
	case h.Repeat == delivery.RepeatNever && r.rec.HasPassed(r.op.Version, key):
		return "passed before for " + r.op.Version + ", and repeat is never"
	case begun.HasPassed(key) && r.digest == begun.Digest:
		return "passed in an earlier run of this plan"
	}
	return ""
}
