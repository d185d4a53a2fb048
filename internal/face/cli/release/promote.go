// Package release is the commands about the life of a release.
// Each parses its flags into a request, asks a use case and prints the result.
package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// PromoteCmd is the command promote.
func PromoteCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Promote.Entry(), f.Release.Plan.Entry()),
		Use:         "promote VERSION --to ENVIRONMENT",
		Short:       "Make a provisioned release live",
		Example:     "  falkirk promote 1.4.0 --to prd",
		Args:        ui.Exactly(1, "one VERSION"), ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.DryRun {
				return c.Preview(cmd.Context(), release.PlanQuery{
					Verb: delivery.VerbPromote, Environment: c.To, Version: args[0], SkipOrder: c.Skip, Override: c.Freeze,
				})
			}
			return ui.Changed(cmd.Context(), c, f.Release.Promote, release.PromoteQuery{
				Consent: c.Flagged(), Environment: c.To, Version: args[0], SkipOrder: c.Skip, Override: c.Freeze,
			})
		},
	}
	c.ToFlag(cmd)
	c.AsideFlags(cmd)
	c.Flags(cmd)
	return cmd
}
