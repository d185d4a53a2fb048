package cli

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

func (f *face) logsCmd() *cobra.Command {
	var q inspect.LogsQuery
	cmd := &cobra.Command{
		Annotations: asks(f.Inspect.Logs.Entry()),
		Use:         "logs ENVIRONMENT COMPONENT", Short: "What a component printed",
		Example: "  falkirk logs prd api --follow\n  falkirk logs prd api --release 1.4.0 --region eu-1",
		Args:    exactly(2, "an ENVIRONMENT and a COMPONENT"), GroupID: "see",
		ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.isJSON() {
				return fault.New(fault.Invalid, "logs are printed as they are; --output json does not fit")
			}
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			c := f.callWith(func(ev usecase.Event) {
				if ev.Printed == nil {
					f.heard(ev)
				} else if _, err := f.Out.Write(ev.Printed); err != nil {
					stop() // the end of the command says why
				}
			})
			q.Environment, q.Component = args[0], args[1]
			_, err := usecase.Do(ctx, c, f.Inspect.Logs, q)
			return err
		},
	}
	cmd.Flags().BoolVar(&q.Follow, "follow", false, "go on printing")
	cmd.Flags().StringVar(&q.Version, "release", "", "of this release (default: the live one)")
	cmd.Flags().StringVar(&q.Region, "region", "", "in this region (default: the first)")
	_ = cmd.RegisterFlagCompletionFunc("release", f.completeVersions) // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("region", f.completeRegions)   // likewise
	return cmd
}
