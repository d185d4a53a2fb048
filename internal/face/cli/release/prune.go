package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// PruneCmd is the command prune.
func PruneCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Prune.Entry(), f.Release.Plan.Entry()),
		Use:         "prune ENVIRONMENT",
		Short:       "Remove what is neither live nor kept",
		Args:        ui.Exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.DryRun {
				return c.Preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbPrune, Environment: args[0]})
			}
			return ui.Changed(cmd.Context(), c, f.Release.Prune, release.PruneQuery{Consent: c.Flagged(), Environment: args[0]})
		},
	}
	c.Flags(cmd)
	return cmd
}
