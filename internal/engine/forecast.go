package engine

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// Forecaster is a target that can say in lines for people what a step changes,
// without changing anything.
type Forecaster interface {
	Forecast(ctx context.Context, p delivery.Placement, s delivery.Step) ([]string, error)
}

// Forecast is what one step of a plan changes.
type Forecast struct {
	Place     delivery.Place `json:"place"`
	Component string         `json:"component"`
	Lines     []string       `json:"lines"`
}

// forecast asks the targets that can say it. It is no part of the plan: two plans
// with the same steps have the same digest.
func (e *Engine) forecast(ctx context.Context, a asked) ([]Forecast, error) {
	ctx = delivery.WithOperation(ctx, a.sit.Operation)
	all := []Forecast{}
	for _, x := range a.now {
		if len(x.State.Unknown) > 0 && !has(a.plan, x.Place, x.Component) {
			all = append(all, Forecast{x.Place, x.Component, prefixed("unknown: ", x.State.Unknown)})
		}
	}
	for _, pp := range a.plan.Places {
		for _, s := range pp.Steps {
			t, ok := e.Targets[s.Target].(Forecaster)
			if !ok {
				continue
			}
			lines, err := t.Forecast(ctx, a.now.forStep(a.plan, s), s)
			if err != nil {
				return nil, fmt.Errorf("say what changes for %s in %s: %w", s.Component, s.Place, err)
			}
			if len(lines) > 0 {
				all = append(all, Forecast{s.Place, s.Component, lines})
			}
		}
	}
	return all, nil
}

// has reports whether a plan has a step for a component in a place.
func has(plan delivery.Plan, place delivery.Place, component string) bool {
	return slices.ContainsFunc(plan.Places, func(pp delivery.PlacePlan) bool {
		return pp.Place == place && slices.ContainsFunc(pp.Steps, func(s delivery.Step) bool { return s.Component == component })
	})
}

func prefixed(with string, lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, with+line)
	}
	return all
}
