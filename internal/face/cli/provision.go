package cli

import (
	"falkirk/internal/delivery"
	"falkirk/internal/usecase/release"

	"github.com/spf13/cobra"
)

func (f *face) provisionCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Provision.Entry(), f.Release.Plan.Entry()),
		Use:         "provision VERSION --to ENVIRONMENT",
		Short:       "Make a release ready beside what is live, in all places at once",
		Example:     "  falkirk provision 1.4.0 --to prd --dry-run",
		Args:        exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.dryRun {
				return c.preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbProvision, Environment: c.to, Version: args[0]})
			}
			return changed(cmd.Context(), c, f.Release.Provision, release.ProvisionQuery{Consent: c.flagged(), Environment: c.to, Version: args[0]})
		},
	}
	c.toFlag(cmd)
	c.flags(cmd)
	return cmd
}
