package cli

import (
	"falkirk/internal/delivery"
	"falkirk/internal/usecase/release"

	"github.com/spf13/cobra"
)

func (f *face) promoteCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Promote.Entry(), f.Release.Plan.Entry()),
		Use:         "promote VERSION --to ENVIRONMENT",
		Short:       "Make a provisioned release live",
		Example:     "  falkirk promote 1.4.0 --to prd",
		Args:        exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.dryRun {
				return c.preview(cmd.Context(), release.PlanQuery{
					Verb: delivery.VerbPromote, Environment: c.to, Version: args[0], SkipOrder: c.skip, Override: c.freeze,
				})
			}
			return changed(cmd.Context(), c, f.Release.Promote, release.PromoteQuery{
				Consent: c.flagged(), Environment: c.to, Version: args[0], SkipOrder: c.skip, Override: c.freeze,
			})
		},
	}
	c.toFlag(cmd)
	c.asideFlags(cmd)
	c.flags(cmd)
	return cmd
}
