package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// RollbackCmd is the command rollback.
func RollbackCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Rollback.Entry(), f.Release.Plan.Entry()),
		Use:         "rollback ENVIRONMENT [--to VERSION]",
		Short:       "Promote the release that was live before",
		Example:     "  falkirk rollback prd\n  falkirk rollback prd --to 1.3.2",
		Args:        ui.Exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.DryRun {
				return c.Preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbRollback, Environment: args[0], Version: c.To, Reason: c.Skip})
			}
			return ui.Changed(cmd.Context(), c, f.Release.Rollback, release.RollbackQuery{
				Consent: c.Flagged(), Environment: args[0], Version: c.To, Reason: c.Skip,
			})
		},
	}
	cmd.Flags().StringVar(&c.Skip, "reason", "", "why; it is kept in the ledger")
	cmd.Flags().StringVar(&c.To, "to", "", "the release to go back to (default: the one before)")
	_ = cmd.RegisterFlagCompletionFunc("to", f.CompleteVersions)
	c.Flags(cmd)
	return cmd
}
