package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/supervisor"
)

// Do does one step. A step that was done already is done again without effect.
func (t *Target) Do(ctx context.Context, p delivery.Placement, step delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	p.Version = step.Version
	s, err := t.spot(p)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if report == nil {
		report = func(delivery.Progress) {}
	}
	var out delivery.Outcome
	switch step.Action {
	case actSupervise:
		out, err = t.supervise(ctx, s)
	case actUnpack:
		out, err = t.unpack(ctx, s)
	case actStart:
		out, err = t.start(ctx, s)
	case actCopy:
		out, err = t.copy(ctx, s, report)
	case actSwitch:
		out, err = t.flip(ctx, s)
	case actRemove:
		out, err = t.remove(ctx, s)
	default:
		return out, fault.New(fault.Invalid, "the local target has no step %q", step.Action)
	}
	if err != nil {
		return delivery.Outcome{}, fmt.Errorf("%s %s of %s in %s: %w", step.Action, step.Version, s.Component, s.Place, err)
	}
	return out, nil
}

// flip makes a release live: first the pointer, which is what counts, then the
// supervisor serves it. It is done when the supervisor says so.
func (t *Target) flip(ctx context.Context, s spot) (delivery.Outcome, error) {
	st, err := s.client.Status(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return delivery.Outcome{}, err
	}
	down := err != nil
	pointer, err := s.dir.Live(s.Component)
	if err != nil {
		return delivery.Outcome{}, err
	}
	served := st.Component(s.Component).Served
	if pointer == s.Version && served == s.Version {
		return delivery.Outcome{Nothing: true}, nil
	}
	if s.Version != "" {
		if down {
			return delivery.Outcome{}, noSupervisor()
		}
		if r, _ := st.Find(s.Component, s.Version); !r.Ready {
			err := fault.New(fault.Refused, "%s is not ready: %s", s.Version, orElse(r.Error, "it is not provisioned"))
			return delivery.Outcome{}, fault.Hint(err, "provision %s in %s first", s.Version, s.Place.Environment)
		}
	}
	if err := t.point(ctx, s); err != nil || down {
		return delivery.Outcome{}, err
	}
	return delivery.Outcome{}, s.await(ctx, 30*time.Second, func(st supervisor.Status) (bool, error) {
		return st.Component(s.Component).Served == s.Version, nil
	})
}

// point writes the pointer; taking away one that is not there makes no folder.
func (t *Target) point(ctx context.Context, s spot) error {
	if s.Version == "" {
		return place.Remove(s.dir.LiveFile(s.Component), held(ctx))
	}
	return place.Write(s.dir.LiveFile(s.Component), place.Pointer{Version: s.Version}, held(ctx))
}

func noSupervisor() error {
	return fault.Hint(fault.New(fault.Unavailable, "%w", supervisor.ErrDown), "repeat the command; it starts the supervisor again")
}

// await has the supervisor read the files and asks until the fact is there.
func (s spot) await(ctx context.Context, limit time.Duration, is func(supervisor.Status) (bool, error)) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	ask := s.client.Reconcile
	for {
		st, err := ask(ctx)
		if errors.Is(err, supervisor.ErrDown) {
			return noSupervisor()
		}
		if err != nil {
			return err
		}
		if done, err := is(st); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return errTooLong
		case <-tick.C:
		}
	}
}

var errTooLong = fault.New(fault.Unavailable, "the supervisor takes too long")

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
