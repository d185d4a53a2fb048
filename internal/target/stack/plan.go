package stack

import (
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// The steps' actions.
const (
	actPropose = "propose"
	actApply   = "apply"
	actExecute = "execute"
	actDelete  = "delete"
	actDrop    = "drop"
)

// Plan lists the steps of a phase.
func (t *Target) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	set, err := read(p.Settings)
	if err != nil {
		return nil // told where the block is checked
	}
	f := factsOf(now)
	switch phase {
	case delivery.Provision:
		return planProvision(p, set, now, f)
	case delivery.Promote:
		return planPromote(p, set, now, f)
	default:
		return planPrune(p, f)
	}
}

func planProvision(p delivery.Placement, set Settings, now delivery.State, f facts) []delivery.Step {
	if p.Version == "" || now.Live == p.Version && !f.Stale {
		return nil
	}
	if set.When == "provision" {
		if f.Stale {
			return []delivery.Step{p.Step(delivery.Provision, delivery.Change, actApply, fmt.Sprintf("bring stack %s of %s to the settings of the app file", set.Name, p.Version), nil)}
		}
		if f.Release == "" {
			return []delivery.Step{p.Step(delivery.Provision, delivery.Add, actApply, "make stack "+set.Name, nil)}
		}
		return []delivery.Step{p.Step(delivery.Provision, delivery.Change, actApply, fmt.Sprintf("update stack %s from %s to %s", set.Name, f.Release, p.Version), nil)}
	}
	if f.Fits || !f.Stale && slices.Contains(now.Ready, p.Version) {
		return nil
	}
	return []delivery.Step{p.Step(delivery.Provision, delivery.Add, actPropose, fmt.Sprintf("create a change set for stack %s from release %s", set.Name, p.Version), nil)}
}

func planPromote(p delivery.Placement, set Settings, now delivery.State, f facts) []delivery.Step {
	if now.Live == p.Version && !f.Stale || set.When == "provision" {
		return nil
	}
	if p.Version == "" {
		return []delivery.Step{p.Step(delivery.Promote, delivery.Remove, actDelete, fmt.Sprintf("delete stack %s, which came with %s", set.Name, f.Release), nil)}
	}
	summary := fmt.Sprintf("make stack %s of %s", set.Name, p.Version)
	switch {
	case f.Stale:
		summary = fmt.Sprintf("bring stack %s of %s to the settings of the app file", set.Name, p.Version)
	case f.Release != "":
		summary = fmt.Sprintf("update stack %s from %s to %s", set.Name, f.Release, p.Version)
	}
	return []delivery.Step{p.Step(delivery.Promote, delivery.Change, actExecute, summary, nil)}
}

func planPrune(p delivery.Placement, f facts) []delivery.Step {
	var steps []delivery.Step
	for _, v := range p.Remove {
		if len(f.Sets[v]) == 0 {
			continue
		}
		p.Version = v
		steps = append(steps, p.Step(delivery.Prune, delivery.Remove, actDrop, "delete the change set of "+v, f.Sets[v]))
	}
	return steps
}
