package cli

import (
	"falkirk/internal/delivery"
	"falkirk/internal/usecase/release"

	"github.com/spf13/cobra"
)

func (f *face) rollbackCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Rollback.Entry(), f.Release.Plan.Entry()),
		Use:         "rollback ENVIRONMENT [--to VERSION]",
		Short:       "Promote the release that was live before",
		Example:     "  falkirk rollback prd\n  falkirk rollback prd --to 1.3.2",
		Args:        exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.dryRun {
				return c.preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbRollback, Environment: args[0], Version: c.to, Reason: c.skip})
			}
			return changed(cmd.Context(), c, f.Release.Rollback, release.RollbackQuery{
				Consent: c.flagged(), Environment: args[0], Version: c.to, Reason: c.skip,
			})
		},
	}
	cmd.Flags().StringVar(&c.skip, "reason", "", "why; it is kept in the ledger")
	cmd.Flags().StringVar(&c.to, "to", "", "the release to go back to (default: the one before)")
	_ = cmd.RegisterFlagCompletionFunc("to", f.completeVersions)
	c.flags(cmd)
	return cmd
}
