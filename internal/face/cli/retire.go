package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) retireCmd() *cobra.Command {
	var r engine.Retirement
	cmd := &cobra.Command{
		Annotations: does(EffectDecides),
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
		Args:    placeThenComponent(1), GroupID: "decide", ValidArgsFunction: f.completeOrphans,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Scope, r.Actor = scopeIn(args), f.Actor
			return f.retire(cmd.Context(), r)
		},
	}
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why; it is kept in the ledger")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "print what would be retired and change nothing")
	return cmd
}

func (f *face) retire(ctx context.Context, r engine.Retirement) error {
	app, err := f.open(ctx, func(engine.Event) {})
	if err != nil {
		return err
	}
	look := r
	look.DryRun = true
	found, err := app.Engine.Retire(ctx, look)
	if err != nil {
		return err
	}
	if err := f.mayRetire(ctx, app, found, r); err != nil {
		return err
	}
	if err := deleteHere(ctx, app, r); err != nil {
		return err
	}
	done, err := app.Engine.Retire(ctx, r)
	if err != nil {
		return err
	}
	f.doc.Result = done
	return f.text(func() { f.printRetired(done, r) })
}

// deleteHere deletes what this machine keeps of what is retired, so that nothing
// starts it again.
func deleteHere(ctx context.Context, app *App, r engine.Retirement) error {
	if r.DryRun {
		return nil
	}
	here, err := app.Local.List(ctx, r.Scope)
	for _, p := range here {
		if err == nil && !app.Engine.App.Has(p.Place, p.Component) {
			err = app.Local.Delete(ctx, delivery.Scope{Place: p.Place.String(), Component: p.Component})
		}
	}
	return err
}

// mayRetire refuses what still runs on this machine, and asks.
func (f *face) mayRetire(ctx context.Context, app *App, found engine.Retired, r engine.Retirement) error {
	here, err := app.Local.List(ctx, r.Scope)
	if err != nil {
		return err
	}
	for _, p := range here {
		if !app.Engine.App.Has(p.Place, p.Component) && p.State != "down" {
			err := fault.New(fault.Refused, "%s in %s still runs on this machine", p.Component, p.Place)
			return fault.Hint(err, "falkirk local down %s", app.ScopeOf(p.Place, p.Component))
		}
	}
	if r.DryRun || f.yes || len(found.Retired) == 0 {
		return nil
	}
	refusal := fault.New(fault.Refused, "only the record changes, for %s: what is there must be removed before", count(len(found.Retired), "component"))
	if !f.Ask {
		return fault.Hint(refusal, "repeat the command with --yes")
	}
	fprintf(f.Err, "The record will say that nothing is live in %s. Type the place to go on: ", r.Scope)
	if f.readLine() != r.Place {
		return fault.Hint(refusal, "nothing was changed; type the place, or give --yes")
	}
	return nil
}

func (f *face) printRetired(done engine.Retired, r engine.Retirement) {
	what := f.paint(green, "retired")
	switch {
	case len(done.Retired) == 0:
		fprintf(f.Out, "nothing to do: by the record nothing is live in %s\n", r.Scope)
	case !done.Changed:
		what = "would retire"
	}
	for _, s := range done.Retired {
		fprintf(f.Out, "%s %s in %s, where %s was live\n", what, s.Component, s.Place, s.Live)
	}
}

// completeOrphans offers the places that can be retired.
func (f *face) completeOrphans(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.open(cmd.Context(), func(engine.Event) {})
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
	return startingWith(slices.Compact(places), begun), cobra.ShellCompDirectiveNoFileComp
}
