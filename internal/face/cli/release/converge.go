package release

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// ConvergeCmd is the command converge.
func ConvergeCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Converge.Entry()),
		Use:         "converge ENVIRONMENT",
		Short:       "Finish what is missing: a run that was begun, or places that miss what is live",
		Long: `Brings every place of the environment to where it is bound for, and does only
what is missing. A run that was begun and killed is finished; a promotion that
failed and could not be taken back is taken back; otherwise the live release is
repaired where something of it is missing or was altered, and made live in places
that are new.`,
		Example: "  falkirk converge prd --yes",
		Args:    ui.Exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return converge(c, cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&c.Follow, "follow", false, "with --output json: one line per event, then the document on a line")
	c.OverrideFlag(cmd)
	cmd.GroupID = "life"
	return cmd
}

func converge(c *ui.Change, ctx context.Context, environment string) error {
	q := release.ConvergeQuery{Consent: c.Flagged(), Environment: environment, Override: c.Freeze}
	return ui.Carried(ctx, c, c.Release.Converge, q, func(l engine.Leg) { printConverged(c, l) })
}

func printConverged(c *ui.Change, leg engine.Leg) {
	changed := false
	var version string
	for _, res := range []*engine.Result{leg.Provision, leg.Promote} {
		if res != nil {
			changed, version = changed || res.Changed, res.Operation.Version
		}
	}
	if !changed {
		ui.Fprintf(c.Out, "nothing to do: %s already matches release %s\n", leg.Environment, version)
		return
	}
	ui.Fprintf(c.Out, "%s %s is whole on %s\n", c.Paint(ui.Green, "done:"), leg.Environment, version)
}
