package app

import (
	"context"
	"io"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
	"falkirk/internal/usecase"
)

// steering turns the commands of `falkirk local` to the local target.
type steering struct {
	app    delivery.App
	target engine.Target
}

// runtime is what the local target offers beside being a target.
type runtime interface {
	Up(ctx context.Context, app string, scope delivery.Scope, has func(p delivery.Place, component string) bool) error
	Down(ctx context.Context, app string, scope delivery.Scope) error
	Delete(ctx context.Context, app string, scope delivery.Scope) error
	List(ctx context.Context, app string, scope delivery.Scope) ([]local.Running, error)
}

func (s steering) runtime() runtime { return s.target.(*local.Target) }

// Up starts what should run by the app file, and lists the scope.
func (s steering) Up(ctx context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	err := s.runtime().Up(ctx, s.app.Name, scope, s.app.Has)
	fault.Wrote(ctx)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, scope)
}

// Down stops what runs in a scope, and lists what is left of it.
func (s steering) Down(ctx context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	err := s.runtime().Down(ctx, s.app.Name, scope)
	fault.Wrote(ctx)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, scope)
}

// Delete removes the files of what was taken down in a scope.
func (s steering) Delete(ctx context.Context, scope delivery.Scope) error {
	err := s.runtime().Delete(ctx, s.app.Name, scope)
	fault.Wrote(ctx)
	return err
}

// List lists the processes.
func (s steering) List(ctx context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	all, err := s.runtime().List(ctx, s.app.Name, scope)
	var out []usecase.Process
	for _, r := range all {
		out = append(out, usecase.Process{
			Place: r.Place, Component: r.Component, Kind: r.Kind, Version: r.Version, Live: r.Live, State: r.Health,
			PID: r.PID, Port: r.Port, Since: r.Since, Restarts: r.Restarts, ProxyPort: r.ProxyPort, Error: r.Error,
		})
	}
	return out, err
}

// logger is a target that can show what its components print.
type logger interface {
	Logs(ctx context.Context, p delivery.Placement, version string, follow bool, w io.Writer) error
}

func logs(e *engine.Engine) func(context.Context, usecase.LogRequest, io.Writer) error {
	return func(ctx context.Context, r usecase.LogRequest, w io.Writer) error {
		env, err := e.App.Environment(r.Environment)
		if err != nil {
			return err
		}
		for _, l := range env.Landings {
			if l.Component != r.Component || (r.Region != "" && l.Place.Region != r.Region) {
				continue
			}
			t, ok := e.Targets[l.Target].(logger)
			if !ok {
				return fault.New(fault.Invalid, "a target of kind %s keeps no logs here", l.Target)
			}
			p := delivery.Placement{App: e.App.Name, Place: l.Place, Component: l.Component, Target: l.Target, Settings: l.Settings}
			return t.Logs(ctx, p, r.Version, r.Follow, w)
		}
		err = fault.New(fault.NotFound, "%s has no component %q in %s", e.App.Name, r.Component, r.Environment)
		return fault.Hint(err, "falkirk status %s lists the components", r.Environment)
	}
}
