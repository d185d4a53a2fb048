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
		Use:         "retire PLACE --reason TEXT",
		Short:       "Say that nothing is live any more in a place that the app file does not have",
		Long: `A place or an environment that was removed from the app file or renamed is shown as
orphaned for as long as the record says that something is live there. Remove what is
there by hand, then retire it: the record says from then on that nothing is live there.
PLACE is as falkirk status shows it, such as prd/us-east-1 or prd/ACCOUNT/us-east-1; an
environment alone is every such place of it.

Nothing is removed by this command. It is refused for a place that is in the app file,
unless a component was removed from there: then it is about that component.`,
		Example: "  falkirk retire prd/us-east-1 --reason \"moved to eu-west-1\" --dry-run",
		Args:    exactly(1, "one PLACE"), GroupID: "decide", ValidArgsFunction: f.completeOrphans,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Place, r.Actor = args[0], f.Actor
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
	done, err := app.Engine.Retire(ctx, r)
	if err != nil {
		return err
	}
	f.doc.Result = done
	return f.text(func() { f.printRetired(done, r) })
}

// mayRetire refuses what still runs on this machine, and asks.
func (f *face) mayRetire(ctx context.Context, app *App, found engine.Retired, r engine.Retirement) error {
	here, err := app.Local.List(ctx, r.Environment())
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	for _, s := range found.Retired {
		if slices.ContainsFunc(here, func(p Process) bool { return p.Place == s.Place && p.Component == s.Component && p.State != "down" }) {
			err := fault.New(fault.Refused, "%s in %s still runs on this machine", s.Component, s.Place)
			return fault.Hint(err, "falkirk local down %s", r.Environment())
		}
	}
	if r.DryRun || f.yes || len(found.Retired) == 0 {
		return nil
	}
	refusal := fault.New(fault.Refused, "%s are retired in the record only: what is there must be removed before", count(len(found.Retired), "component"))
	if !f.Ask {
		return fault.Hint(refusal, "repeat the command with --yes")
	}
	fprintf(f.Err, "The record will say that nothing is live in %s. Type the place to go on: ", r.Place)
	if f.readLine() != r.Place {
		return fault.Hint(refusal, "nothing was changed; type the place, or give --yes")
	}
	return nil
}

func (f *face) printRetired(done engine.Retired, r engine.Retirement) {
	what := f.paint(green, "retired")
	switch {
	case len(done.Retired) == 0:
		fprintf(f.Out, "nothing to do: by the record nothing is live in %s\n", r.Place)
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
	names, err := storedNames(cmd.Context(), app, nil, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var places []string
	for _, st := range orphaned(cmd.Context(), app, names) {
		for _, o := range st.Orphans {
			places = append(places, o.Place.String())
		}
	}
	slices.Sort(places)
	return startingWith(slices.Compact(places), begun), cobra.ShellCompDirectiveNoFileComp
}

// orphaned are the environments in which something is live by the record where the
// app file has nothing any more. A ledger that cannot be read has none.
func orphaned(ctx context.Context, app *App, names []string) []engine.Status {
	var all []engine.Status
	for _, name := range names {
		if name == delivery.Everywhere {
			continue
		}
		rec, err := app.Engine.Ledger(name).Read(ctx, delivery.Record{})
		if err != nil {
			continue
		}
		env, unknown := app.Engine.App.Environment(name)
		if unknown != nil {
			env.Name = name
		}
		if st := (engine.Status{Environment: name, Removed: unknown != nil, Orphans: rec.Orphans(env)}); env.Unusable == "" && len(st.Orphans) > 0 {
			all = append(all, st)
		}
	}
	return all
}

// noteOrphans says which of these environments have orphaned places, and what to do.
func (f *face) noteOrphans(ctx context.Context, app *App, names []string) {
	for _, st := range orphaned(ctx, app, names) {
		if f.isJSON() {
			f.doc.Warnings = append(f.doc.Warnings, orphanLines(st, "orphaned")...)
			continue
		}
		for _, line := range f.orphans(st) {
			fprintln(f.Err, line)
		}
	}
}
