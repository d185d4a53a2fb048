package release

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// RetireCmd is the command retire.
func RetireCmd(f *ui.Face) *cobra.Command {
	var q release.RetireQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Retire.Entry()),
		Use:         "retire PLACE [COMPONENT] --reason TEXT",
		Short:       "Say that nothing is live any more in a place that the app file does not have",
		Long: `A place or an environment that was removed from the app file or renamed is shown as
orphaned for as long as the record says that something is live there. Remove what is
there, then retire it: the record says from then on that nothing is live there.
PLACE is as falkirk status shows it, such as prd/us-east-1 or prd/ACCOUNT/us-east-1; an
environment alone is every such place of it. COMPONENT is one that was removed from the
app file; without it every such component of the place is meant.

In AWS this command removes nothing. On this machine it is refused for what still runs
(falkirk local down PLACE ends it), and deletes the files of what was taken down. It is
refused for what is in the app file.`,
		Example: "  falkirk retire prd/us-east-1 --reason \"moved to eu-west-1\" --dry-run",
		Args:    ui.PlaceThenComponent(1), GroupID: "decide", ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completeOrphans(f, cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			scope := ui.ScopeIn(args)
			q.Consent, q.Place, q.Component = f.Flagged(), scope.Place, scope.Component
			return retire(f, cmd.Context(), q, scope)
		},
	}
	cmd.Flags().StringVar(&q.Reason, "reason", "", "why; it is kept in the ledger")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	cmd.Flags().BoolVar(&q.DryRun, "dry-run", false, "print what would be retired and change nothing")
	return cmd
}

func retire(f *ui.Face, ctx context.Context, q release.RetireQuery, scope delivery.Scope) error {
	done, err := usecase.WithConsent(ctx, f.Call(), f.Release.Retire, q, func(need *usecase.ConsentError) error {
		if !f.Ask {
			return need
		}
		ui.Fprintf(f.Err, "The record will say that nothing is live in %s. Type the place to go on: ", scope)
		if f.ReadLine() != scope.Place {
			return fault.Hint(fault.New(fault.Refused, "%s", need.Error()), "nothing was changed; type the place, or give --yes")
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.Doc.Result = done
	return f.Text(func() { printRetired(f, done, scope) })
}

func printRetired(f *ui.Face, done engine.Retired, scope delivery.Scope) {
	what := f.Paint(ui.Green, "retired")
	switch {
	case len(done.Retired) == 0:
		ui.Fprintf(f.Out, "nothing to do: by the record nothing is live in %s\n", scope)
	case !done.Changed:
		what = "would retire"
	}
	for _, s := range done.Retired {
		ui.Fprintf(f.Out, "%s %s in %s, where %s was live\n", what, s.Component, s.Place, s.Live)
	}
}

// completeOrphans offers the places that can be retired.
func completeOrphans(f *ui.Face, cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := app.StoredLedgers(cmd.Context(), "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var places []string
	for _, st := range app.Orphaned(cmd.Context(), names...) {
		for _, o := range st.Orphans {
			places = append(places, o.Place.String())
		}
	}
	slices.Sort(places)
	return ui.StartingWith(slices.Compact(places), begun), cobra.ShellCompDirectiveNoFileComp
}
