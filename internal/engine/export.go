package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Exporter is a target that can say a step as the plain commands that come to
// the same.
type Exporter interface {
	Export(ctx context.Context, p delivery.Placement, s delivery.Step) ([]string, error)
}

// Reader is an Exporter whose commands can read variables of the environment.
type Reader interface {
	Reads(p delivery.Placement) []delivery.Part
}

// Script is a plan as commands, place by place.
type Script struct {
	Plan   delivery.Plan   `json:"plan"`
	Digest string          `json:"digest"`
	Places []PlaceCommands `json:"places"`
	Reads  []delivery.Part `json:"-"` // variables that the commands read, with their values now
}

// PlaceCommands are the commands of one place, in their order.
type PlaceCommands struct {
	Place    delivery.Place `json:"place"`
	Commands []StepCommands `json:"steps"`
}

// StepCommands are the commands of one step, for a POSIX shell.
type StepCommands struct {
	Component string   `json:"component"`
	Summary   string   `json:"summary"`
	Lines     []string `json:"lines"`
}

// Export is the plan of a request as plain commands. Nothing is written. A kind
// of target that has no such commands is fault.Invalid.
func (e *Engine) Export(ctx context.Context, req Request) (Script, error) {
	a, _, err := e.look(ctx, req)
	if err != nil {
		return Script{}, err
	}
	ctx = delivery.WithOperation(ctx, a.sit.Operation)
	out := Script{Plan: a.plan, Digest: a.plan.Digest()}
	for _, pp := range a.plan.Places {
		place := PlaceCommands{Place: pp.Place, Commands: []StepCommands{}}
		for _, s := range pp.Steps {
			lines, err := e.exportStep(ctx, a.now.forStep(a.plan, s), s)
			if err != nil {
				return Script{}, fmt.Errorf("export %s of %s in %s: %w", s.Summary, s.Component, s.Place, err)
			}
			out.Reads = append(out.Reads, e.reads(a.now.placementOf(s), s, lines)...)
			place.Commands = append(place.Commands, StepCommands{s.Component, s.Summary, lines})
		}
		out.Places = append(out.Places, place)
	}
	return out, nil
}

func (e *Engine) exportStep(ctx context.Context, p delivery.Placement, s delivery.Step) ([]string, error) {
	x, can := e.Targets[s.Target].(Exporter)
	if !can {
		err := fault.New(fault.Invalid, "the target %s has no plain commands for what it does", s.Target)
		return nil, fault.Hint(err, "falkirk plan %s --to %s shows what it would do", cmp.Or(p.Version, "VERSION"), s.Place.Environment)
	}
	return x.Export(ctx, p, s)
}

// reads are the variables that the commands of a step do read.
func (e *Engine) reads(p delivery.Placement, s delivery.Step, lines []string) []delivery.Part {
	x, can := e.Targets[s.Target].(Reader)
	if !can {
		return nil
	}
	return slices.DeleteFunc(x.Reads(p), func(part delivery.Part) bool {
		used := func(line string) bool { return strings.Contains(line, `"$`+delivery.ScriptVariable(part.Variable)+`"`) }
		return part.Variable == "" || !slices.ContainsFunc(lines, used)
	})
}
