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
		undone:    r.movedBack,
		untouched: func() bool { return r.isBack(now) },
	}, nil
}

// moveBack promotes each placement to what it was on before.
func (r *run) moveBack(ctx context.Context) error {
	now, err := r.e.observe(ctx, r.env, r.rel)
	if err != nil {
		return err
	}
	for i, x := range now {
		p := &now[i].Placement
		p.Version, p.Artifact, p.Release = r.way.live(x.Place, x.Component), delivery.Artifact{}, delivery.Release{}
		if p.Version == "" {
			continue
		}
		rel, err := r.e.release(ctx, p.Version, r.rec)
		if err != nil {
			return fmt.Errorf("find the release to go back to: %w", err)
		}
		p.Artifact, _ = rel.Artifact(x.Component)
		p.Release = rel
	}
	return r.do(ctx, r.e.plan(r.env, delivery.Promote, r.op.Version, now), now)
}

// movedBack compares what is live with what the way back says.
func (r *run) movedBack(now sight) []delivery.Undo {
	before := slices.Clone(now)
	for i, x := range before {
		before[i].State.Live = r.way.live(x.Place, x.Component)
	}
	return compare(before, now, on, "falkirk converge "+r.env.Name)
}
