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

// isDue reports whether a stack is not as the release wants it, as far as that is
// known before the steps.
func isDue(p delivery.Placement, now delivery.State, f facts) bool {
	return now.Live != p.Version || f.Stale || f.Other != ""
}

func planProvision(p delivery.Placement, set Settings, now delivery.State, f facts) []delivery.Step {
	due := isDue(p, now, f)
	if p.Version == "" || !due && len(p.Changing) == 0 {
		return nil
	}
	if set.phase() == delivery.Provision {
		sign, summary := delivery.Change, toRelease(p, set, f)
		if f.Release == "" {
			sign, summary = delivery.Add, "make stack "+set.Name
		}
		return []delivery.Step{p.Step(delivery.Provision, sign, actApply, known(p, due, summary, set.Name), nil)}
	}
	isReady := f.Fits || !f.Stale && slices.Contains(now.Ready, p.Version)
	if f.Other == "" && (f.Missing || isReady && len(p.Changing) == 0) {
		return nil // a change set is there, or can be made only when it is promoted
	}
	summary := fmt.Sprintf("create a change set for stack %s from release %s", set.Name, p.Version)
	if !due {
		summary += " if it changes"
	}
	return []delivery.Step{p.Step(delivery.Provision, delivery.Add, actPropose, known(p, true, summary, set.Name), nil)}
}

func planPromote(p delivery.Placement, set Settings, now delivery.State, f facts) []delivery.Step {
	due := isDue(p, now, f)
	if set.phase() == delivery.Provision || !due && (len(p.Changing) == 0 || p.Version == "") {
		return nil
	}
	if p.Version == "" {
		return []delivery.Step{p.Step(delivery.Promote, delivery.Remove, actDelete, fmt.Sprintf("delete stack %s, which came with %s", set.Name, f.Release), nil)}
	}
	return []delivery.Step{p.Step(delivery.Promote, delivery.Change, actExecute, known(p, due, toRelease(p, set, f), set.Name), nil)}
}

// toRelease says how a stack comes to the release.
func toRelease(p delivery.Placement, set Settings, f facts) string {
	switch {
	case f.Stale:
		return fmt.Sprintf("bring stack %s of %s to the settings of the app file", set.Name, p.Version)
	case f.Release != "":
		return fmt.Sprintf("update stack %s from %s to %s", set.Name, f.Release, p.Version)
	}
	return fmt.Sprintf("make stack %s of %s", set.Name, p.Version)
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
