package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

func (f *face) localCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "local", Short: "The runtime on this machine", GroupID: "see"}
	cmd.AddCommand(f.localUpCmd(), f.localDownCmd(), f.localPsCmd())
	return cmd
}

func (f *face) localUpCmd() *cobra.Command {
	var q inspect.LocalUpQuery
	cmd := f.localVerb(f.Inspect.LocalUp.Entry(), "up", "Start what should run, for instance after a reboot", &q.LocalQuery,
		func(ctx context.Context) (inspect.LocalResult, error) {
			return usecase.Do(ctx, f.call(), f.Inspect.LocalUp, q)
		})
	dryRunFlag(cmd, &q.DryRun)
	return cmd
}

func (f *face) localDownCmd() *cobra.Command {
	var q inspect.LocalDownQuery
	cmd := f.localVerb(f.Inspect.LocalDown.Entry(), "down", "Stop proxies and processes; what is live is remembered", &q.LocalQuery,
		func(ctx context.Context) (inspect.LocalResult, error) {
			q.Yes = f.yes
			return usecase.WithConsent(ctx, f.call(), f.Inspect.LocalDown, q, f.askConsent)
		})
	dryRunFlag(cmd, &q.DryRun)
	return cmd
}

func (f *face) localPsCmd() *cobra.Command {
	var q inspect.LocalQuery
	return f.localVerb(f.Inspect.LocalPs.Entry(), "ps", "List proxies and processes", &q,
		func(ctx context.Context) (inspect.LocalResult, error) {
			return usecase.Do(ctx, f.call(), f.Inspect.LocalPs, q)
		})
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "list what this is about and change nothing")
}

// localVerb is a command about the runtime on this machine, and about what q names.
func (f *face) localVerb(asked usecase.Entry, name, what string, q *inspect.LocalQuery, do func(context.Context) (inspect.LocalResult, error)) *cobra.Command {
	return &cobra.Command{
		Annotations: asks(asked),
		Use:         name + " [PLACE [COMPONENT]]", Short: what,
		Long: what + `.

PLACE is an environment, or one place of it as falkirk local ps shows it, such as
prd/eu-1; COMPONENT is one component there. Without them the whole app is meant.`,
		Args: placeThenComponent(0), ValidArgsFunction: f.completePlaces,
		RunE: func(cmd *cobra.Command, args []string) error {
			scope := scopeIn(args)
			q.Place, q.Component = scope.Place, scope.Component
			all, err := do(cmd.Context())
			if all != nil {
				f.doc.Result = all
			}
			if err != nil && len(all) == 0 {
				return err
			}
			_ = f.text(func() { f.printProcesses(all) })
			return err
		},
	}
}

func (f *face) printProcesses(all []usecase.Process) {
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
