package local

import (
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// The steps' actions.
const (
	actSupervise = "supervise"
	actUnpack    = "unpack"
	actStart     = "start"
	actCopy      = "copy"
	actSwitch    = "switch"
	actRemove    = "remove"
)

// Plan lists the steps of a phase.
func (t *Target) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	f := factsOf(now)
	switch phase {
	case delivery.Provision:
		return planProvision(p, now, f)
	case delivery.Promote:
		return planPromote(p, now, f)
	default:
		return planPrune(p, now)
	}
}

func planProvision(p delivery.Placement, now delivery.State, f facts) []delivery.Step {
	if p.Version == "" {
		return nil
	}
	steps := supervise(delivery.Provision, p, f)
	ready := slices.Contains(now.Ready, p.Version)
	fresh := f.Provisioned && (f.Unpacked || p.Artifact.Kind == "site") && !f.Stale && !f.Pending && !f.Changed
	if p.Artifact.Kind == "site" {
		if ready && fresh && f.Missing == 0 {
			return steps
		}
		files := "files"
		if f.Total == 1 {
			files = "file"
		}
		summary := fmt.Sprintf("lay out %d of %d %s of %s", f.Missing, f.Total, files, p.Version)
		if ready && f.Missing == 0 {
			summary = again(p, f)
		}
		s := p.Step(delivery.Provision, delivery.Add, actCopy, summary, nil)
		s.Count, s.Bytes = f.Missing, f.Bytes
		return append(steps, s)
	}
	if !f.Unpacked {
		s := p.Step(delivery.Provision, delivery.Add, actUnpack, "unpack the image of "+p.Version, nil)
		s.Bytes = p.Artifact.Size
		steps = append(steps, s)
	}
	// What the supervisor that is not there yet will find healthy, nobody knows.
	switch {
	case ready && !fresh && f.Pointer == p.Version:
		steps = append(steps, p.Step(delivery.Provision, delivery.Change, actStart, again(p, f), nil))
	case !ready || !fresh || !f.Supervised:
		steps = append(steps, start(delivery.Provision, p))
	}
	return steps
}

func planPromote(p delivery.Placement, now delivery.State, f facts) []delivery.Step {
	if p.Version == "" {
		if f.Pointer == "" && f.Served == "" {
			return nil
		}
		return []delivery.Step{p.Step(delivery.Promote, delivery.Remove, actSwitch, "take "+orElse(f.Served, f.Pointer)+" out of traffic; nothing is live", nil)}
	}
	steps := supervise(delivery.Promote, p, f)
	if p.Artifact.Kind != "site" && f.Provisioned && (!f.Supervised && !f.Lost || !slices.Contains(now.Ready, p.Version)) {
		steps = append(steps, start(delivery.Promote, p))
	}
	if f.Pointer == p.Version && f.Served == p.Version {
		return steps
	}
	summary := "switch from " + orElse(f.Served, orElse(f.Pointer, "nothing")) + " to " + p.Version
	if f.Pointer == p.Version {
		summary = "serve " + p.Version + " again"
	}
	return append(steps, p.Step(delivery.Promote, delivery.Change, actSwitch, summary, nil))
}

func planPrune(p delivery.Placement, now delivery.State) []delivery.Step {
	var steps []delivery.Step
	for _, v := range p.Remove {
		if v == now.Live || v == factsOf(now).Pointer || !slices.Contains(now.Present, v) {
			continue
		}
		p.Version = v
		steps = append(steps, p.Step(delivery.Prune, delivery.Remove, actRemove, "stop and delete "+v, nil))
	}
	return steps
}

func supervise(phase delivery.Phase, p delivery.Placement, f facts) []delivery.Step {
	if f.Supervised {
		return nil
	}
	on := "a free port"
	if f.Port != 0 {
		on = fmt.Sprintf("port %d", f.Port)
	}
	what := "run the supervisor of the place on " + on
	switch {
	case f.Down:
		what = "serve the component again, which was taken down by hand"
	case f.Lost:
		what = "adopt the supervisor of the place and what it runs, as the state folder was deleted"
	case f.Orphans != "":
		what = "stop what still runs though the state folder was deleted (" + f.Orphans + "), then " + what
	}
	return []delivery.Step{p.Step(phase, delivery.Add, actSupervise, what, nil)}
}

// again says what is done with a release that is ready already.
func again(p delivery.Placement, f facts) string {
	const replace = ", and replace the running process when the new one is healthy"
	switch {
	case f.Changed && p.Artifact.Kind == "site":
		return "take on the changed settings of " + p.Version
	case f.Changed:
		return "start " + p.Version + " again with its changed settings" + replace
	case f.Stale:
		return "start " + p.Version + " again from its image" + replace
	}
	return "end the interrupted replacement of " + p.Version
}

func start(phase delivery.Phase, p delivery.Placement) delivery.Step {
	return p.Step(phase, delivery.Add, actStart, "start "+p.Version+" and wait until it is healthy", nil)
}
