package engine

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// promote makes the release live in every place. If that fails anywhere, or a
// gate says no afterwards, every place that had moved is moved back.
func (r *run) promote(now sight) (phase, error) {
	if err := provisioned(r.op, now); err != nil {
		return phase{}, err
	}
	return phase{
		plan: r.e.plan(r.env, delivery.Promote, r.op.Version, now), now: now,
		prove:     r.proveLive,
		back:      r.moveBack,
		repeat:    "falkirk converge " + r.env.Name,
		undone:    r.movedBack,
		untouched: func() bool { return r.isBack(now) },
	}, nil
}

// moveBack promotes each placement to what it was on before.
func (r *run) moveBack(ctx context.Context, now sight) error {
	return r.do(ctx, r.e.plan(r.env, delivery.Promote, r.op.Version, now), now)
}

// observeBack looks at each placement with the release that it was on before. The
// same content may be of that release and of the one that is taken back.
func (r *run) observeBack(ctx context.Context) (sight, error) {
	releases := map[string]delivery.Release{"": {}}
	for _, l := range r.env.Landings {
		version := r.way.live(l.Place, l.Component)
		if _, ok := releases[version]; ok {
			continue
		}
		rel, err := r.e.release(ctx, version, r.rec)
		if err != nil {
			return nil, fmt.Errorf("find the release to go back to: %w", err)
		}
		releases[version] = rel
	}
	return r.e.observeEach(ctx, r.env, func(l delivery.Landing) delivery.Release {
		return releases[r.way.live(l.Place, l.Component)]
	})
}

// look is what is there: of what is taken back, seen as it was before.
func (r *run) look(ctx context.Context) (sight, error) {
	if r.undoes.Load() && r.way != nil {
		return r.observeBack(ctx)
	}
	return r.e.observe(ctx, r.env, r.rel)
}

// movedBack compares what is live with what the way back says.
func (r *run) movedBack(now sight) []delivery.Undo {
	before := slices.Clone(now)
	for i, x := range before {
		before[i].State.Live = r.way.live(x.Place, x.Component)
	}
	return compare(before, now, on, "falkirk converge "+r.env.Name)
}
