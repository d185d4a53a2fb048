package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// about is what a command on this machine does with a scope.
type about func(ctx context.Context, app *App, scope delivery.Scope) ([]Process, error)

func (f *face) localCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "local", Short: "The runtime on this machine", GroupID: "see"}
	cmd.AddCommand(
		f.localChange("up", "Start what should run, for instance after a reboot", f.localUp),
		f.localChange("down", "Stop proxies and processes; what is live is remembered", f.localDown),
		f.localVerb("ps", "List proxies and processes", listed),
	)
	return cmd
}

func listed(ctx context.Context, app *App, scope delivery.Scope) ([]Process, error) {
	return app.Local.List(ctx, scope)
}

// localChange is a verb that has a dry run: the list of what it is about.
func (f *face) localChange(name, what string, do about) *cobra.Command {
	var dryRun bool
	cmd := f.localVerb(name, what, func(ctx context.Context, app *App, scope delivery.Scope) ([]Process, error) {
		if dryRun {
			return listed(ctx, app, scope)
		}
		return do(ctx, app, scope)
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "list what this is about and change nothing")
	return cmd
}

func (f *face) localVerb(name, what string, do about) *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         name + " [PLACE [COMPONENT]]", Short: what,
		Long: what + `.

PLACE is an environment, or one place of it as falkirk local ps shows it, such as
prd/eu-1; COMPONENT is one component there. Without them the whole app is meant.`,
		Args: placeThenComponent(0), ValidArgsFunction: f.completePlaces,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			scope := scopeIn(args)
			if err := isSomewhere(cmd.Context(), app, scope); err != nil {
				return err
			}
			all, err := do(cmd.Context(), app, scope)
			f.doc.Result = append([]Process{}, all...)
			if err != nil && len(all) == 0 {
				return err
			}
			return errors.Join(err, f.text(func() { f.printProcesses(all) }))
		},
	}
}

// notStarted is the error of releases that are kept, not live, and could not be
// started.
func notStarted(app *App, all []Process) error {
	var failed []error
	for _, p := range all {
		if p.Error != "" && app.Engine.App.Has(p.Place, p.Component) {
			err := fault.New(fault.Unavailable, "%s %s in %s is not started: %s", p.Component, p.Version, p.Place, p.Error)
			failed = append(failed, fault.Hint(err, "falkirk logs %s %s --release %s shows what it prints", p.Place.Environment, p.Component, p.Version))
		}
	}
	return errors.Join(failed...)
}

// localUp starts what the app file has, and says what it leaves down.
func (f *face) localUp(ctx context.Context, app *App, scope delivery.Scope) ([]Process, error) {
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
			f.warn("not started: %s in %s: the app file does not have it; falkirk status %s", p.Component, p.Place, p.Place.Environment)
		}
	}
	return all, err
}

// localDown asks before it stops what runs in a protected environment.
func (f *face) localDown(ctx context.Context, app *App, scope delivery.Scope) ([]Process, error) {
	running, err := app.Local.List(ctx, scope)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range running {
		name := p.Place.Environment
		if _, unknown := app.Engine.App.Environment(name); p.State != "down" && unknown == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if err := f.confirm(app, nil, names...); err != nil {
		return nil, err
	}
	return app.Local.Down(ctx, scope)
}

// isSomewhere refuses a place or a component that neither the app file nor this
// machine has.
func isSomewhere(ctx context.Context, app *App, scope delivery.Scope) error {
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
func inFile(app *App, scope delivery.Scope) bool {
	return slices.ContainsFunc(app.Engine.App.Environments, func(env delivery.Environment) bool {
		return env.Name == scope.Place && scope.Component == "" ||
			slices.ContainsFunc(env.Landings, func(l delivery.Landing) bool { return scope.Covers(l.Place, l.Component) })
	})
}

// placeThenComponent takes at least so many of both, in this order.
func placeThenComponent(least int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= 2 {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes one PLACE, and at most one COMPONENT", cmd.CommandPath()), "%s --help", cmd.CommandPath())
	}
}

// scopeIn reads PLACE and COMPONENT.
func scopeIn(args []string) delivery.Scope {
	args = append(slices.Clone(args), "", "")
	return delivery.Scope{Place: args[0], Component: args[1]}
}

// completePlaces offers the environments of the app file and the places on this machine.
func (f *face) completePlaces(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	names, how := f.completeEnvironments(cmd, args, "")
	if f.app == nil {
		return nil, how
	}
	all, _ := f.app.Local.List(cmd.Context(), delivery.Scope{}) // completion says nothing of an error
	for _, p := range all {
		names = append(names, p.Place.String())
	}
	slices.Sort(names)
	return startingWith(slices.Compact(names), begun), how
}

func (f *face) printProcesses(all []Process) {
	if len(all) == 0 {
		fprintln(f.Out, "nothing runs here")
		return
	}
	rows := [][]string{{"PLACE", "PROXY", "COMPONENT", "RELEASE", "LIVE", "STATE", "PID", "PORT", "SINCE", "RESTARTS"}}
	for _, p := range all {
		live, since := "-", "-"
		if p.Live {
			live = "live"
		}
		if !p.Since.IsZero() {
			since = moment(p.Since)
		}
		rows = append(rows, []string{
			p.Place.String(), number(p.ProxyPort), orDash(p.Component), orDash(p.Version), live, p.State,
			number(p.PID), number(p.Port), since, fmt.Sprint(p.Restarts),
		})
	}
	table(f.Out, rows)
	for _, p := range all {
		if p.Error != "" {
			fprintf(f.Out, "%s %s in %s: %s\n", f.paint(red, "error"), p.Component, p.Place, p.Error)
		}
	}
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
