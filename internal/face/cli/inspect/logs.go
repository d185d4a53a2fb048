package inspect

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// LogsCmd is the command logs.
func LogsCmd(f *ui.Face) *cobra.Command {
	var q inspect.LogsQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Logs.Entry()),
		Use:         "logs ENVIRONMENT COMPONENT", Short: "What a component printed",
		Example: "  falkirk logs prd api --follow\n  falkirk logs prd api --release 1.4.0 --region eu-1",
		Args:    ui.Exactly(2, "an ENVIRONMENT and a COMPONENT"), GroupID: "see",
		ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.IsJSON() {
				return fault.New(fault.Invalid, "logs are printed as they are; --output json does not fit")
			}
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			c := f.CallWith(func(ev usecase.Event) {
				if ev.Printed == nil {
					f.Heard(ev)
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
	_ = cmd.RegisterFlagCompletionFunc("release", f.CompleteVersions) // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("region", f.CompleteRegions)   // likewise
	return cmd
}
