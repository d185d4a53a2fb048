package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) localCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "local", Short: "The runtime on this machine", GroupID: "see"}
	cmd.AddCommand(
		f.localChange("up", "Start what should run, for instance after a reboot", Local.Up),
		f.localChange("down", "Stop proxies and processes; what is live is remembered", Local.Down),
		f.localVerb("ps", "List proxies and processes", Local.List),
	)
	return cmd
}

// localChange is a verb that has a dry run: the list of what it is about.
func (f *face) localChange(name, what string, do func(Local, context.Context, string) ([]Process, error)) *cobra.Command {
	var dryRun bool
	cmd := f.localVerb(name, what, func(l Local, ctx context.Context, environment string) ([]Process, error) {
		if dryRun {
			return l.List(ctx, environment)
		}
		all, err := do(l, ctx, environment)
		if err == nil && name == "up" {
			err = notStarted(all)
		}
		return all, err
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "list what this is about and change nothing")
	return cmd
}

func (f *face) localVerb(name, what string, do func(Local, context.Context, string) ([]Process, error)) *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         name + " [ENVIRONMENT]", Short: what,
		Args: atMostOne("ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			only := strings.Join(args, "")
			if only != "" {
				if _, err := app.Engine.App.Environment(only); err != nil && !isKnownHere(cmd.Context(), app, only) {
					return err
				}
			}
			all, err := do(app.Local, cmd.Context(), only)
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
func notStarted(all []Process) error {
	var failed []error
	for _, p := range all {
		if p.Error != "" {
			err := fault.New(fault.Unavailable, "%s %s in %s is not started: %s", p.Component, p.Version, p.Place, p.Error)
			failed = append(failed, fault.Hint(err, "falkirk logs %s %s --release %s shows what it prints", p.Place.Environment, p.Component, p.Version))
		}
	}
	return errors.Join(failed...)
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
