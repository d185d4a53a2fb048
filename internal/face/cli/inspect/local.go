package inspect

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// LocalCmd is the command local.
func LocalCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{Use: "local", Short: "The runtime on this machine", GroupID: "see"}
	cmd.AddCommand(localUpCmd(f), localDownCmd(f), localPsCmd(f))
	return cmd
}

func localUpCmd(f *ui.Face) *cobra.Command {
	var q inspect.LocalUpQuery
	cmd := localVerb(f, f.Inspect.LocalUp.Entry(), "up", "Start what should run, for instance after a reboot", &q.LocalQuery,
		func(ctx context.Context) (inspect.LocalResult, error) {
			return usecase.Do(ctx, f.Call(), f.Inspect.LocalUp, q)
		})
	dryRunFlag(cmd, &q.DryRun)
	return cmd
}

func localDownCmd(f *ui.Face) *cobra.Command {
	var q inspect.LocalDownQuery
	cmd := localVerb(f, f.Inspect.LocalDown.Entry(), "down", "Stop proxies and processes; what is live is remembered", &q.LocalQuery,
		func(ctx context.Context) (inspect.LocalResult, error) {
			q.Yes = f.Yes
			return usecase.WithConsent(ctx, f.Call(), f.Inspect.LocalDown, q, f.AskConsent)
		})
	dryRunFlag(cmd, &q.DryRun)
	return cmd
}

func localPsCmd(f *ui.Face) *cobra.Command {
	var q inspect.LocalQuery
	return localVerb(f, f.Inspect.LocalPs.Entry(), "ps", "List proxies and processes", &q,
		func(ctx context.Context) (inspect.LocalResult, error) {
			return usecase.Do(ctx, f.Call(), f.Inspect.LocalPs, q)
		})
}

func dryRunFlag(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "list what this is about and change nothing")
}

// localVerb is a command about the runtime on this machine, and about what q names.
func localVerb(f *ui.Face, asked usecase.Entry, name, what string, q *inspect.LocalQuery, do func(context.Context) (inspect.LocalResult, error)) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(asked),
		Use:         name + " [PLACE [COMPONENT]]", Short: what,
		Long: what + `.

PLACE is an environment, or one place of it as falkirk local ps shows it, such as
prd/eu-1; COMPONENT is one component there. Without them the whole app is meant.`,
		Args: ui.PlaceThenComponent(0), ValidArgsFunction: f.CompletePlaces,
		RunE: func(cmd *cobra.Command, args []string) error {
			scope := ui.ScopeIn(args)
			q.Place, q.Component = scope.Place, scope.Component
			all, err := do(cmd.Context())
			if all != nil {
				f.Doc.Result = all
			}
			if err != nil && len(all) == 0 {
				return err
			}
			_ = f.Text(func() { PrintProcesses(f, all) })
			return err
		},
	}
}

// PrintProcesses prints what runs on this machine.
func PrintProcesses(f *ui.Face, all []usecase.Process) {
	if len(all) == 0 {
		ui.Fprintln(f.Out, "nothing runs here")
		return
	}
	rows := [][]string{{"PLACE", "PROXY", "COMPONENT", "RELEASE", "LIVE", "STATE", "PID", "PORT", "SINCE", "RESTARTS"}}
	for _, p := range all {
		live, since := "-", "-"
		if p.Live {
			live = "live"
		}
		if !p.Since.IsZero() {
			since = ui.Moment(p.Since)
		}
		rows = append(rows, []string{
			p.Place.String(), number(p.ProxyPort), ui.OrDash(p.Component), ui.OrDash(p.Version), live, p.State,
			number(p.PID), number(p.Port), since, fmt.Sprint(p.Restarts),
		})
	}
	ui.Table(f.Out, rows)
	for _, p := range all {
		if p.Error != "" {
			ui.Fprintf(f.Out, "%s %s in %s: %s\n", f.Paint(ui.Red, "error"), p.Component, p.Place, p.Error)
		}
	}
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
