package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) logsCmd() *cobra.Command {
	var req LogRequest
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "logs ENVIRONMENT COMPONENT", Short: "What a component printed",
		Example: "  falkirk logs prd api --follow\n  falkirk logs prd api --release 1.4.0 --region eu-1",
		Args:    exactly(2, "an ENVIRONMENT and a COMPONENT"), GroupID: "see",
		ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.isJSON() {
				return fault.New(fault.Invalid, "logs are printed as they are; --output json does not fit")
			}
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			req.Environment, req.Component = args[0], args[1]
			err = app.Logs(cmd.Context(), req, f.Out)
			if req.Follow && cmd.Context().Err() != nil {
				return nil // following ends when the reader says so
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&req.Follow, "follow", false, "go on printing")
	cmd.Flags().StringVar(&req.Version, "release", "", "of this release (default: the live one)")
	cmd.Flags().StringVar(&req.Region, "region", "", "in this region (default: the first)")
	_ = cmd.RegisterFlagCompletionFunc("release", f.completeVersions) // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("region", f.completeRegions)   // likewise
	return cmd
}
