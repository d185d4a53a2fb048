package engine

import (
	"slices"

	"falkirk/internal/delivery"
)

// plan asks the targets for the steps of a phase, place by place. It is pure.
func (e *Engine) plan(env delivery.Environment, phase delivery.Phase, version string, now sight) delivery.Plan {
	plan := delivery.Plan{
		App: e.App.Name, Environment: env.Name, Phase: phase, Version: version, Settings: settingsOf(now),
	}
	for _, place := range env.Places {
		pp := delivery.PlacePlan{Place: place, Steps: []delivery.Step{}}
		for _, x := range now.at(place) {
			if phase == delivery.Provision && x.Version == "" {
				continue
			}
			x.Changing = changing(x.Placement, phase, pp)
			pp.Steps = append(pp.Steps, e.Targets[x.Target].Plan(phase, x.Placement, x.State)...)
		}
		plan.Places = append(plan.Places, pp)
	}
	return plan
}

// changing are the components that a placement refers to, and that the steps so far
// in its place change. What these give is known after those steps only.
func changing(p delivery.Placement, phase delivery.Phase, pp delivery.PlacePlan) []string {
	return slices.DeleteFunc(p.NeedsIn(phase), func(name string) bool {
		return !slices.ContainsFunc(pp.Steps, func(s delivery.Step) bool { return s.Component == name })
	})
}

// changedBefore are the same for a placement, from a whole plan.
func changedBefore(p delivery.Placement, plan delivery.Plan) []string {
	for _, pp := range plan.Places {
		if pp.Place == p.Place {
			return changing(p, plan.Phase, pp)
		}
	}
	return nil
}

// forStep is the placement of a step of a plan, as the plan was made for it.
func (s sight) forStep(plan delivery.Plan, step delivery.Step) delivery.Placement {
	p := s.placementOf(step)
	p.Changing = changedBefore(p, plan)
	return p
}

// settingsOf is a digest of the settings of all placements: who approves a plan
// approves what its steps are done with.
func settingsOf(now sight) string {
	all := make([]string, len(now))
	for i, x := range now {
		all[i] = string(x.Settings)
	}
	return digest(all)
}

// spare fills in what prune removes: whatever is present and neither live
// there nor kept.
func (s sight) spare(kept []string) sight {
	out := slices.Clone(s)
	for i, x := range out {
		out[i].Version, out[i].Artifact, out[i].Release, out[i].Remove = "", delivery.Artifact{}, delivery.Release{}, nil
		for _, v := range x.State.Present {
			if v != x.State.Live && !slices.Contains(kept, v) {
				out[i].Remove = append(out[i].Remove, v)
			}
		}
	}
	return out
}
