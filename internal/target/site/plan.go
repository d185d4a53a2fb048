package site

import (
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// The steps' actions.
const (
	actCopy       = "copy"
	actSwitch     = "switch"
	actInvalidate = "invalidate"
	actRemove     = "remove"
)

// Plan lists the steps of a phase.
func (t *Target) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	f := factsOf(now)
	switch phase {
	case delivery.Provision:
		return planProvision(p, f)
	case delivery.Promote:
		return planPromote(p, now, f)
	default:
		return planPrune(p, now, f)
	}
}

func planProvision(p delivery.Placement, f facts) []delivery.Step {
	if p.Version == "" || f.Place+f.Stage == 0 && !f.Record {
		return nil
	}
	summary := fmt.Sprintf("lay out %s: copy %s", p.Version, fault.Count(f.Place+f.Stage, "file", "files"))
	switch {
	case f.Place+f.Stage == 0:
		summary = fmt.Sprintf("lay out %s: all its files are there", p.Version)
	case f.Stage > 0:
		summary += fmt.Sprintf(", %d of them beside the site", f.Stage)
	}
	s := p.Step(delivery.Provision, delivery.Add, actCopy, summary, nil)
	s.Count, s.Bytes = f.Place+f.Stage, f.Bytes
	return []delivery.Step{s}
}

func planPromote(p delivery.Placement, now delivery.State, f facts) []delivery.Step {
	var steps []delivery.Step
	set, err := read(p.Settings)
	distribution := err == nil && set.Distribution != ""
	n := f.Changed + f.Entries + f.Surplus
	if n > 0 || f.Moving || now.Live != p.Version {
		s := p.Step(delivery.Promote, delivery.Change, actSwitch, switching(p, now, f), nil)
		s.Count, s.Bytes = n, f.MoveBytes
		steps = append(steps, s)
	}
	if distribution && (n > 0 || f.Stale > 0 || f.Moving) {
		summary := "have CloudFront forget what changed"
		if set.Wait {
			summary += ", and wait until it has"
		}
		steps = append(steps, p.Step(delivery.Promote, delivery.Change, actInvalidate, summary, nil))
	}
	return steps
}

// switching says what a promotion writes.
func switching(p delivery.Placement, now delivery.State, f facts) string {
	var parts []string
	add := func(n int64, format string, args ...any) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(f.Changed, "write %s whose names stay", fault.Count(f.Changed, "file", "files"))
	add(f.Entries, "write %s last", fault.Count(f.Entries, "entry point", "entry points"))
	add(f.Surplus, "remove %d entry points that it does not have", f.Surplus)
	add(f.Foreign, "overwrite %d objects that are not Falkirk's", f.Foreign)
	text := fmt.Sprintf("switch from %s to %s", orNothing(now.Live), orNothing(p.Version))
	if now.Live == p.Version {
		text = "mend " + orNothing(p.Version)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

func planPrune(p delivery.Placement, now delivery.State, f facts) []delivery.Step {
	var steps []delivery.Step
	for _, v := range p.Remove {
		if v == now.Live || !slices.Contains(now.Present, v) {
			continue
		}
		p.Version = v
		c := f.Only[v]
		s := p.Step(delivery.Prune, delivery.Remove, actRemove, fmt.Sprintf("delete %s that only %s needs", fault.Count(c.Objects, "file", "files"), v), nil)
		s.Count, s.Bytes = c.Objects, c.Bytes
		steps = append(steps, s)
	}
	return steps
}
