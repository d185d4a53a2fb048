package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// ask puts every gate of a moment its question, in every place at once, and
// fails if one is not open. All are asked, so that all reasons are known; those
// that must stay open for a time come last, side by side.
func (r *run) ask(ctx context.Context, when delivery.Moment, now sight) error {
	var errs []error
	var baking []delivery.GateSetting
	for _, g := range r.env.Gates {
		if g.When != when || g.Forward && r.op.Verb == delivery.VerbRollback {
			continue
		}
		if g.For > 0 {
			baking = append(baking, g)
			continue
		}
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Interrupted, "stopped before gate %s", g.Name)
		}
		errs = append(errs, r.askPlaces(ctx, g, now)...)
	}
	if err := joinFailuresFirst(errs); err != nil || len(baking) == 0 {
		return err
	}
	all := make([][]error, len(baking))
	var group errgroup.Group
	for i, g := range baking {
		group.Go(func() error {
			all[i] = r.askPlaces(ctx, g, now)
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in all
	return joinFailuresFirst(slices.Concat(all...))
}

// everywhere does something in every place at once, or once for the environment.
func (r *run) everywhere(once bool, do func(delivery.Place) error) []error {
	places := r.env.Places
	if once {
		places = []delivery.Place{{Environment: r.env.Name}}
	}
	errs := make([]error, len(places))
	var group errgroup.Group
	group.SetLimit(r.env.Parallel)
	for i, p := range places {
		group.Go(func() error {
			errs[i] = do(p)
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	return errs
}

func (r *run) askPlaces(ctx context.Context, g delivery.GateSetting, now sight) []error {
	return r.everywhere(g.Once, func(p delivery.Place) error { return r.askOne(ctx, g, p, now) })
}

func (r *run) askOne(ctx context.Context, g delivery.GateSetting, place delivery.Place, now sight) error {
	here := now
	if !g.Once {
		here = now.at(place)
	}
	if err := r.watch(ctx); err != nil {
		return err // and what was approved meanwhile is known now
	}
	ask := func() (delivery.Verdict, error) {
		q := delivery.Question{Gate: g.Name, Settings: g.Settings, When: g.When}
		return r.answer(ctx, g.Kind, r.question(q, place, here))
	}
	v, err := ask()
	if err == nil && v.Answer == delivery.Open && g.For > 0 {
		v, err = r.bake(ctx, g, place, ask)
	}
	if err != nil && (!isFinal(err) || fault.Is(err, fault.Refused)) {
		return err // interrupted, lost, or decided otherwise: no answer of the gate
	}
	if err != nil {
		v = delivery.Verdict{Answer: delivery.Shut, Reason: "could not be asked: " + fault.CleanAddresses(err.Error())}
	}
	r.report(Event{Kind: Answered, Place: &place, Gate: g.Name, Verdict: &v})
	entry := delivery.Entry{Event: delivery.Asked, Gate: g.Name, Note: place.String(), Verdict: &v}
	return errors.Join(r.hold.Append(context.WithoutCancel(ctx), entry), verdictError(g, place, v))
}

// question fills in what every gate and hook is told.
func (r *run) question(q delivery.Question, place delivery.Place, here sight) delivery.Question {
	q.Operation, q.AskedBy, q.Place, q.Plan = r.op, r.rec.AskedBy(r.op), place, r.digest
	q.Approvals, q.PackedBy = r.approvals(), r.rel.PackedBy
	q.Before, q.Serving = r.previously(here), serving(q.When, here)
	return q
}

func (r *run) answer(ctx context.Context, kind string, q delivery.Question) (v delivery.Verdict, err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fault.New(fault.Internal, "panic in gate %s: %v\n%s", kind, x, debug.Stack())
		}
	}()
	gate, ok := r.e.Gates[kind]
	if !ok {
		return v, fault.New(fault.Invalid, "no gate of kind %q", kind)
	}
	return gate.Ask(ctx, q)
}

// verdictError turns an answer that does not open into an error. An answer
// that is none of the three counts as closed.
func verdictError(g delivery.GateSetting, place delivery.Place, v delivery.Verdict) error {
	what := fmt.Sprintf("gate %s (%s) in %s", g.Name, g.When, place)
	switch v.Answer {
	case delivery.Open:
		return nil
	case delivery.Waiting:
		return hinted(fault.New(fault.Pending, "%s waits: %s", what, v.Reason), v.Next)
	default:
		return hinted(fault.New(fault.Closed, "%s is closed: %s", what, v.Reason), v.Next)
	}
}

func hinted(err error, next string) error {
	if next == "" {
		return err
	}
	return fault.Hint(err, "%s", next)
}

// previously is the way back as a gate sees it, by component.
func (r *run) previously(here sight) map[string]string {
	if r.way == nil {
		return here.live()
	}
	out := map[string]string{}
	for _, x := range here {
		if _, ok := out[x.Component]; !ok {
			out[x.Component] = r.way.live(x.Place, x.Component)
		}
	}
	return out
}

// serving is where a gate finds each component: the candidate until promote
// has been done, the live release after it.
func serving(when delivery.Moment, here sight) map[string]delivery.Endpoint {
	out := map[string]delivery.Endpoint{}
	for _, x := range here {
		if _, ok := out[x.Component]; ok {
			continue
		}
		switch when {
		case delivery.After(delivery.Provision), delivery.Before(delivery.Promote):
			out[x.Component] = x.State.Candidate
		default:
			out[x.Component] = x.State.Endpoint
		}
	}
	return out
}
