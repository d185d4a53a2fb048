package cli

import (
	"falkirk/internal/delivery"
	"falkirk/internal/usecase/release"

	"github.com/spf13/cobra"
)

func (f *face) pruneCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Prune.Entry(), f.Release.Plan.Entry()),
		Use:         "prune ENVIRONMENT",
		Short:       "Remove what is neither live nor kept",
		Args:        exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.dryRun {
				return c.preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbPrune, Environment: args[0]})
			}
			return changed(cmd.Context(), c, f.Release.Prune, release.PruneQuery{Consent: c.flagged(), Environment: args[0]})
		},
	}
	c.flags(cmd)
	return cmd
}
