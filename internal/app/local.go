package app

import (
	"context"
	"io"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
)

// steering turns the commands of `falkirk local` to the local target.
type steering struct {
	app    delivery.App
	target engine.Target
}

// runtime is what the local target offers beside being a target.
type runtime interface {
	Up(ctx context.Context, app, environment string) error
	Down(ctx context.Context, app, environment string) error
	List(ctx context.Context, app, environment string) ([]local.Running, error)
}

func (s steering) runtime() runtime { return s.target.(*local.Target) }

// Up starts what should run and lists it.
func (s steering) Up(ctx context.Context, env string) ([]cli.Process, error) {
	return s.then(ctx, env, s.runtime().Up)
}

// Down stops everything and lists what is left of it.
func (s steering) Down(ctx context.Context, env string) ([]cli.Process, error) {
	return s.then(ctx, env, s.runtime().Down)
}

// List lists the processes.
func (s steering) List(ctx context.Context, env string) ([]cli.Process, error) {
	all, err := s.runtime().List(ctx, s.app.Name, env)
	var out []cli.Process
	for _, r := range all {
		out = append(out, cli.Process{
			Place: r.Place, Component: r.Component, Kind: r.Kind, Version: r.Version, Live: r.Live, State: r.Health,
			PID: r.PID, Port: r.Port, Since: r.Since, Restarts: r.Restarts, ProxyPort: r.ProxyPort, Error: r.Error,
		})
	}
	return out, err
}

func (s steering) then(ctx context.Context, env string, do func(context.Context, string, string) error) ([]cli.Process, error) {
	err := do(ctx, s.app.Name, env)
	fault.Wrote(ctx)
	if err != nil {
		return nil, err
	}
	return s.List(ctx, env)
}

// logger is a target that can show what its components print.
type logger interface {
	Logs(ctx context.Context, p delivery.Placement, version string, follow bool, w io.Writer) error
}

func logs(e *engine.Engine) func(context.Context, cli.LogRequest, io.Writer) error {
	return func(ctx context.Context, r cli.LogRequest, w io.Writer) error {
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
