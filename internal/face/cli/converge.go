package cli

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
	"falkirk/internal/usecase/release"
)

func (f *face) convergeCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Converge.Entry()),
		Use:         "converge ENVIRONMENT",
		Short:       "Finish what is missing: a run that was begun, or places that lack what is live",
		Long: `Brings every place of the environment to where it is bound for, and does only
what is missing. A run that was begun and killed is finished; a promotion that
failed and could not be taken back is taken back; otherwise the live release is
repaired where something of it is missing or was altered, and made live in places
that are new.`,
		Example: "  falkirk converge prd --yes",
		Args:    exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return c.converge(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&c.follow, "follow", false, "with --output json: one line per event, then the document on a line")
	c.overrideFlag(cmd)
	cmd.GroupID = "life"
	return cmd
}

func (c *change) converge(ctx context.Context, environment string) error {
	q := release.ConvergeQuery{Consent: c.flagged(), Environment: environment, Override: c.freeze}
	return carried(ctx, c, c.Release.Converge, q, c.printConverged)
}

func (c *change) printConverged(leg engine.Leg) {
	changed := false
	var version string
	for _, res := range []*engine.Result{leg.Provision, leg.Promote} {
		if res != nil {
			changed, version = changed || res.Changed, res.Operation.Version
		}
	}
	if !changed {
		fprintf(c.Out, "nothing to do: %s already matches release %s\n", leg.Environment, version)
		return
	}
	fprintf(c.Out, "%s %s is whole on %s\n", c.paint(green, "done:"), leg.Environment, version)
}
