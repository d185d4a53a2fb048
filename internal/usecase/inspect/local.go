package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// LocalQuery names what is meant of the runtime on this machine: an environment or
// one place of it, and one component there. Nothing means the whole app.
type LocalQuery struct {
	Place     string `json:"place,omitempty"` // dev, or dev/eu-1
	Component string `json:"component,omitempty"`
}

// LocalUpQuery names what is to be started.
type LocalUpQuery struct {
	LocalQuery
	DryRun bool `json:"dryRun,omitempty"` // list what this is about and change nothing
}

// LocalDownQuery names what is to be stopped.
type LocalDownQuery struct {
	LocalQuery
	usecase.Consent
	DryRun bool `json:"dryRun,omitempty"` // list what this is about and change nothing
}

// LocalResult is every release of a component that is meant. It is there also with
// the error of one that could not be started.
type LocalResult []usecase.Process

func newLocalPs() usecase.Case[LocalQuery, LocalResult] {
	return usecase.Case[LocalQuery, LocalResult]{
		Name: "inspect.local-ps", Doc: "List proxies and processes of the runtime on this machine",
		Effect: usecase.Machine, Reach: usecase.ThisMachine, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q LocalQuery) (LocalResult, error) {
			return onThisMachine(ctx, c, q, listed)
		},
	}
}

func newLocalUp() usecase.Case[LocalUpQuery, LocalResult] {
	return usecase.Case[LocalUpQuery, LocalResult]{
		Name: "inspect.local-up", Doc: "Start what should run on this machine, for instance after a reboot",
		Effect: usecase.Machine, Reach: usecase.ThisMachine, Needs: usecase.Promote,
		Do: func(ctx context.Context, c *usecase.Call, q LocalUpQuery) (LocalResult, error) {
			return onThisMachine(ctx, c, q.LocalQuery, func(ctx context.Context, app *usecase.App, scope delivery.Scope) ([]usecase.Process, error) {
				if q.DryRun {
					return listed(ctx, app, scope)
				}
				return up(ctx, c, app, scope)
			})
		},
	}
}

func newLocalDown() usecase.Case[LocalDownQuery, LocalResult] {
	return usecase.Case[LocalDownQuery, LocalResult]{
		Name: "inspect.local-down", Doc: "Stop proxies and processes on this machine; what is live is remembered",
		Effect: usecase.Machine, Reach: usecase.ThisMachine, Needs: usecase.Promote,
		Do: func(ctx context.Context, c *usecase.Call, q LocalDownQuery) (LocalResult, error) {
			return onThisMachine(ctx, c, q.LocalQuery, func(ctx context.Context, app *usecase.App, scope delivery.Scope) ([]usecase.Process, error) {
				if q.DryRun {
					return listed(ctx, app, scope)
				}
				return down(ctx, app, scope, q.Consent)
			})
		},
	}
}

// onThisMachine does something with what a query means.
func onThisMachine(ctx context.Context, c *usecase.Call, q LocalQuery,
	do func(context.Context, *usecase.App, delivery.Scope) ([]usecase.Process, error),
) (LocalResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	scope := delivery.Scope{Place: q.Place, Component: q.Component}
	if err := isSomewhere(ctx, app, scope); err != nil {
		return nil, err
	}
	all, err := do(ctx, app, scope)
	return append(LocalResult{}, all...), err
}

func listed(ctx context.Context, app *usecase.App, scope delivery.Scope) ([]usecase.Process, error) {
	return app.Local.List(ctx, scope)
}

// up starts what the app file has, and tells what it leaves down.
func up(ctx context.Context, c *usecase.Call, app *usecase.App, scope delivery.Scope) ([]usecase.Process, error) {
	if !inFile(app, scope) {
		err := fault.New(fault.Refused, "the app file does not have %s, so it is not started", scope)
		return nil, fault.Hint(err, "put it back into the app file, or falkirk status %s shows how to end it", scope.Environment())
	}
	all, err := app.Local.Up(ctx, scope)
	if err == nil {
		err = notStarted(app, all)
	}
	for _, p := range all {
		if p.Live && p.State == "down" && !app.Engine.App.Has(p.Place, p.Component) {
			c.Warn(fmt.Sprintf("not started: %s in %s: the app file does not have it; falkirk status %s", p.Component, p.Place, p.Place.Environment))
		}
	}
	return all, err
}

// notStarted is the error of releases that are kept, not live, and could not be
// started.
func notStarted(app *usecase.App, all []usecase.Process) error {
	var failed []error
	for _, p := range all {
		if p.Error != "" && app.Engine.App.Has(p.Place, p.Component) {
			err := fault.New(fault.Unavailable, "%s %s in %s is not started: %s", p.Component, p.Version, p.Place, p.Error)
			failed = append(failed, fault.Hint(err, "falkirk logs %s %s --release %s shows what it prints", p.Place.Environment, p.Component, p.Version))
		}
	}
	return errors.Join(failed...)
}

// serving is what identifies a process that a person agrees to stop: one that was
// started again meanwhile is still the same.
type serving struct {
	Place              delivery.Place
	Component, Version string
}

// down stops what runs in protected environments only with consent.
func down(ctx context.Context, app *usecase.App, scope delivery.Scope, consent usecase.Consent) ([]usecase.Process, error) {
	all, err := app.Local.List(ctx, scope)
	if err != nil {
		return nil, err
	}
	var names []string
	var running []serving
	for _, p := range all {
		if p.State == "down" {
			continue
		}
		running = append(running, serving{p.Place, p.Component, p.Version})
		name := p.Place.Environment
		if _, unknown := app.Engine.App.Environment(name); unknown == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	protected, err := app.Protected(names...)
	if err != nil {
		return nil, err
	}
	if err := consent.Check(protected, func() (string, error) { return usecase.DigestOf(running), nil }); err != nil {
		return nil, err
	}
	return app.Local.Down(ctx, scope)
}

// isSomewhere refuses a place or a component that neither the app file nor this
// machine has.
func isSomewhere(ctx context.Context, app *usecase.App, scope delivery.Scope) error {
	if scope.Place == "" && scope.Component != "" {
		return fault.Hint(fault.New(fault.Invalid, "the component %s is named without its place", scope.Component), "falkirk local ps lists places and components")
	}
	if scope.Place == "" || inFile(app, scope) {
		return nil
	}
	if all, err := app.Local.List(ctx, scope); err != nil || len(all) > 0 {
		return err
	}
	if _, err := app.Engine.App.Environment(scope.Environment()); err != nil {
		return err
	}
	err := fault.New(fault.NotFound, "neither the app file nor this machine has %s", scope)
	return fault.Hint(err, "falkirk local ps lists what is on this machine")
}

// inFile reports whether the app file has something of a scope.
func inFile(app *usecase.App, scope delivery.Scope) bool {
	return slices.ContainsFunc(app.Engine.App.Environments, func(env delivery.Environment) bool {
		return env.Name == scope.Place && scope.Component == "" ||
			slices.ContainsFunc(env.Landings, func(l delivery.Landing) bool { return scope.Covers(l.Place, l.Component) })
	})
}
