package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// proveWayBack looks, before anything moves, whether every place could go back:
// whether what is live there now could be made live again, and whether prune
// will leave it alone. Otherwise it warns or refuses, as the app file says.
func (r *run) proveWayBack(ctx context.Context, now sight) error {
	var gaps []string
	for _, x := range now {
		back := r.way.live(x.Place, x.Component)
		if back == "" || back == x.Version || slices.Contains(x.State.Ready, back) {
			continue
		}
		gaps = append(gaps, fmt.Sprintf("%s of %s is no longer whole in %s", back, x.Component, x.Place))
	}
	if len(gaps) == 0 {
		return r.warnOfPrune(ctx)
	}
	text := "there is no way back: " + strings.Join(gaps, "; ")
	refuses := r.env.WayBack == delivery.WayBackRefuses || r.env.WayBack == "" && r.env.Protected
	if refuses && r.op.Verb == delivery.VerbPromote {
		err := fault.New(fault.Refused, "%s", text)
		return fault.Hint(err, "falkirk provision %s --to %s, or set wayBack: warn in the app file", orNothing(r.rec.Live()), r.env.Name)
	}
	return r.warn(ctx, text)
}

// warnOfPrune says when the next prune removes the release that is live now:
// keep is 0, or the release is banned.
func (r *run) warnOfPrune(ctx context.Context) error {
	live := r.rec.Live()
	if live == "" || live == r.op.Version {
		return nil
	}
	if _, banned := r.whole.Banned(live); banned {
		return r.warn(ctx, fmt.Sprintf("%s is banned: no rollback goes to it, and the next prune removes it", live))
	}
	if r.env.Keep > 0 {
		return nil
	}
	return r.warn(ctx, fmt.Sprintf("keep is 0, so the next prune takes the way back to %s", live))
}

// warn says that something is not as it should be, and goes on.
func (r *run) warn(ctx context.Context, text string) error {
	r.report(Event{Kind: Warned, Note: text})
	return r.hold.Append(ctx, delivery.Entry{Event: delivery.Warned, Note: text})
}

// proveLive looks again, asks every place from outside what it serves, and asks
// the gates about that.
func (r *run) proveLive(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	r.last = now
	for _, x := range now {
		if x.State.Live != x.Version {
			err := fault.New(fault.Internal, "all steps are done, and %s in %s is on %s and not on %s",
				x.Component, x.Place, orNothing(x.State.Live), orNothing(x.Version))
			return fault.Hint(err, "falkirk status %s shows what is there; then repeat the command", r.env.Name)
		}
	}
	if err := r.proveComplete(delivery.Promote, now); err != nil {
		return err
	}
	if err := r.proveServed(ctx, now); err != nil {
		return err
	}
	return r.ask(ctx, delivery.After(delivery.Promote), now)
}

// proveComplete plans again from what is there after the steps: what still has a
// step is not as the release wants it.
func (r *run) proveComplete(phase delivery.Phase, now sight) error {
	for _, pp := range r.e.plan(r.env, phase, r.op.Version, now).Places {
		for _, s := range pp.Steps {
			err := fault.New(fault.Internal, "all steps are done, yet %s in %s is not as %s wants it; to do: %s", s.Component, s.Place, r.op.Version, s.Summary)
			return fault.Hint(err, "repeat the command; if it ends so again, find what else changes %s in %s", s.Component, s.Place)
		}
	}
	return nil
}

func (r *run) proveServed(ctx context.Context, now sight) error {
	errs := make([]error, len(now))
	var group errgroup.Group
	group.SetLimit(r.env.Parallel)
	for i, x := range now {
		group.Go(func() error {
			errs[i] = r.proveOne(ctx, x)
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	return joinFailuresFirst(errs)
}

// proveOne asks one place, and writes down what it said.
func (r *run) proveOne(ctx context.Context, x seen) error {
	w, can := r.e.Targets[x.Target].(Witness)
	if !can || x.Version == "" {
		return nil
	}
	version, err := w.Serves(ctx, x.Placement, x.State)
	if err != nil {
		if ctx.Err() != nil {
			return fault.New(fault.Interrupted, "stopped while asking what %s serves", x.Place)
		}
		return fmt.Errorf("ask %s which release of %s it serves: %w", x.Place, x.Component, err)
	}
	said := delivery.Serving{Place: x.Place, Component: x.Component, Version: version, URL: x.State.Endpoint.URL}
	r.report(Event{Kind: Proved, Place: &x.Place, Serving: &said})
	err = r.hold.Append(ctx, delivery.Entry{Event: delivery.Proved, Serving: &said})
	if version != x.Version {
		err = errors.Join(fault.New(fault.Internal, "all steps are done, yet %s serves %s of %s at %s and not %s",
			x.Place, orNothing(version), x.Component, said.URL, x.Version), err)
	}
	return err
}
