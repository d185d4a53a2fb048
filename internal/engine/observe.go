package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// seen is one placement and what its target saw.
type seen struct {
	delivery.Placement
	State delivery.State
}

// sight is everything observed in an environment, in the order of its landings.
type sight []seen

// observe looks at all placements of an environment side by side. A release
// without a component asks for nothing to be live of it.
func (e *Engine) observe(ctx context.Context, env delivery.Environment, rel delivery.Release) (sight, error) {
	return e.observeEach(ctx, env, func(delivery.Landing) delivery.Release { return rel })
}

// observeEach looks at each placement with a release of its own.
func (e *Engine) observeEach(ctx context.Context, env delivery.Environment, rel func(delivery.Landing) delivery.Release) (sight, error) {
	all := make(sight, len(env.Landings))
	errs := make([]error, len(env.Landings))
	var group errgroup.Group
	group.SetLimit(env.Parallel)
	for i, l := range env.Landings {
		group.Go(func() error {
			p, st, err := e.observeOne(ctx, placement(e.App.Name, env, l, rel(l)))
			if err != nil {
				errs[i] = fmt.Errorf("observe %s in %s: %w", p.Component, p.Place, err)
			}
			all[i] = seen{Placement: p, State: st}
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	err := errors.Join(errs...)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		err = fault.New(fault.Interrupted, "stopped while looking around: %w", err)
	}
	return all, err
}

// observeOne looks at one placement, whose settings are completed before.
func (e *Engine) observeOne(ctx context.Context, p delivery.Placement) (delivery.Placement, delivery.State, error) {
	if err := p.Unusable.Err("the settings of its target"); err != nil {
		return p, delivery.State{}, err
	}
	t, ok := e.Targets[p.Target]
	if !ok {
		return p, delivery.State{}, fault.New(fault.Invalid, "no target of kind %q", p.Target)
	}
	if e.Fill != nil {
		var err error
		if p, err = e.Fill(ctx, p); err != nil {
			return p, delivery.State{}, err
		}
	}
	st, err := t.Observe(ctx, p)
	return p, st, err
}

func placement(app string, env delivery.Environment, l delivery.Landing, rel delivery.Release) delivery.Placement {
	p := delivery.Placement{
		App: app, Place: l.Place, Component: l.Component,
		Target: l.Target, Settings: l.Settings, Written: l.Written, Protected: env.Protected, Unusable: l.Unusable, Needs: l.Needs,
	}
	if a, ok := rel.Artifact(l.Component); ok {
		p.Version, p.Artifact, p.Release = rel.Version, a, rel
	}
	return p
}

// standing is the sight as the ledger keeps it.
func (s sight) standing() []delivery.Standing {
	out := make([]delivery.Standing, len(s))
	for i, x := range s {
		out[i] = delivery.Standing{
			Place: x.Place, Component: x.Component, Live: x.State.Live, Ready: x.State.Ready,
		}
	}
	return out
}

// notReady names the placements in which a release that has the component
// cannot be promoted yet.
func (s sight) notReady() []string {
	var out []string
	for _, x := range s {
		if x.Version != "" && !slices.Contains(x.State.Ready, x.Version) {
			out = append(out, x.Component+" in "+x.Place.String())
		}
	}
	return out
}

func (s sight) at(p delivery.Place) sight {
	return slices.DeleteFunc(slices.Clone(s), func(x seen) bool { return x.Place != p })
}

// live is the release that is live by component, from the first place.
func (s sight) live() map[string]string {
	out := map[string]string{}
	for _, x := range s {
		if _, ok := out[x.Component]; !ok {
			out[x.Component] = x.State.Live
		}
	}
	return out
}
