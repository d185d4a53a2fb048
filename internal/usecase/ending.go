package usecase

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// advise says for each orphan what to do. One text is about everything of a place
// that the app file does not have, or about one component of a place that it has.
func (app *App) advise(ctx context.Context, all []engine.Status) {
	if !slices.ContainsFunc(all, func(st engine.Status) bool { return len(st.Orphans) > 0 }) {
		return
	}
	here, _ := app.Local.List(ctx, delivery.Scope{}) // what cannot be listed is not known to run here
	for _, st := range all {
		for i, o := range st.Orphans {
			e := ending{app: app, place: o.Place, scope: app.ScopeOf(o.Place, o.Component)}
			for _, other := range st.Orphans {
				if e.scope.Covers(other.Place, other.Component) {
					e.orphans = append(e.orphans, other.Standing)
				}
			}
			for _, p := range here {
				if e.scope.Covers(p.Place, p.Component) {
					e.here = append(e.here, p)
				}
			}
			st.Orphans[i].Next = "put it back into the app file under its former name to go on with it; " + e.text(ctx)
		}
	}
}

// ScopeOf is what a command must name to be about an orphan and nothing else.
func (app *App) ScopeOf(p delivery.Place, component string) delivery.Scope {
	s := delivery.Scope{Place: p.String()}
	if app.Engine.App.Has(p, "") {
		s.Component = component
	}
	return s
}

// ending is how what is orphaned in one scope comes to its end.
type ending struct {
	app     *App
	place   delivery.Place
	scope   delivery.Scope
	orphans []delivery.Standing
	here    []Process // on this machine
}

func (e ending) text(ctx context.Context) string {
	retire := "falkirk retire " + e.scope.String() + " --reason TEXT"
	if len(e.here) == 0 {
		return "to end it, " + e.elsewhere(ctx) + ", then: " + retire
	}
	if slices.ContainsFunc(e.here, func(p Process) bool { return p.State != "down" }) {
		return "to end it on this machine: falkirk local down " + e.scope.String() + ", then: " + retire
	}
	return "to end it: " + retire
}

// elsewhere is what a person does where nothing of it is on this machine. Falkirk
// does not have the settings any more by which it would find it there.
func (e ending) elsewhere(ctx context.Context) string {
	var parts []string
	for _, o := range e.orphans {
		part := e.removal(ctx, o)
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, ", ")
	if e.place.Account != "" {
		text += " in account " + e.place.Account + ", region " + e.place.Region
	}
	return text
}

func (e ending) removal(ctx context.Context, o delivery.Standing) string {
	kind := e.artifact(ctx, o)
	target := e.target(o)
	here := "run on its machine: falkirk local down " + e.scope.String()
	switch {
	case target == "local", o.Place.Account == "" && target == "" && kind == "site":
		return here
	case o.Place.Account == "" && target == "" && kind == "image":
		return here + " (where it is in a registry: delete its images there)"
	}
	switch cmp.Or(kind, target) {
	case "stack":
		return fmt.Sprintf("delete the CloudFormation stack that has the tags falkirk:app %s, falkirk:component %s and falkirk:environment %s",
			e.app.Engine.App.Name, o.Component, o.Place.Environment)
	case "site":
		return "delete the files of " + o.Component + " from its bucket"
	case "image":
		return "delete the images of " + o.Component + " from its repository"
	}
	return "remove " + o.Component + " by hand"
}

// artifact is the kind of what is live; "" where its release cannot be read.
func (e ending) artifact(ctx context.Context, o delivery.Standing) string {
	rel, err := e.app.Releases.Get(ctx, e.app.Engine.App.Name, o.Live)
	if err != nil {
		return ""
	}
	a, _ := rel.Artifact(o.Component)
	return a.Kind
}

// target is where the component lands by the app file: in the same environment, or
// else in one that is in an account as the orphan is. "" where nothing tells.
func (e ending) target(o delivery.Standing) string {
	target := ""
	for _, env := range e.app.Engine.App.Environments {
		for _, l := range env.Landings {
			switch {
			case l.Component != o.Component:
			case env.Name == o.Place.Environment:
				return l.Target
			case (l.Place.Account == "") == (o.Place.Account == ""):
				target = l.Target
			}
		}
	}
	return target
}
