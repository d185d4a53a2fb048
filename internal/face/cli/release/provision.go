package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// ProvisionCmd is the command provision.
func ProvisionCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Provision.Entry(), f.Release.Plan.Entry()),
		Use:         "provision VERSION --to ENVIRONMENT",
		Short:       "Make a release ready beside what is live, in all places at once",
		Example:     "  falkirk provision 1.4.0 --to prd --dry-run",
		Args:        ui.Exactly(1, "one VERSION"), ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.DryRun {
				return c.Preview(cmd.Context(), release.PlanQuery{Verb: delivery.VerbProvision, Environment: c.To, Version: args[0]})
			}
			return ui.Changed(cmd.Context(), c, f.Release.Provision, release.ProvisionQuery{Consent: c.Flagged(), Environment: c.To, Version: args[0]})
		},
	}
	c.ToFlag(cmd)
	c.Flags(cmd)
	return cmd
}
