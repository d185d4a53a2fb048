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
			pp.Steps = append(pp.Steps, e.Targets[x.Target].Plan(phase, x.Placement, x.State)...)
		}
		plan.Places = append(plan.Places, pp)
	}
	return plan
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
