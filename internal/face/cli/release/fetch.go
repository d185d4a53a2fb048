package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// FetchCmd is the command fetch.
func FetchCmd(f *ui.Face) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Fetch.Entry()),
		Use:         "fetch VERSION COMPONENT", Short: "Write the bundle of a release into a file",
		Example: "  falkirk fetch 1.4.0 function --to function.zip", GroupID: "see",
		Args: ui.Exactly(2, "a VERSION and a COMPONENT"), ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			got, err := usecase.Do(cmd.Context(), f.Call(), f.Release.Fetch, release.FetchQuery{Version: args[0], Component: args[1], File: to})
			if err != nil {
				return err
			}
			f.Doc.Result = got
			return f.Text(func() {
				ui.Fprintf(f.Out, "%s %s, %s, %s\n", f.Paint(ui.Green, "done:"), got.File, ui.Size(got.Size), got.Digest)
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the `FILE` (default: COMPONENT-VERSION.zip here)")
	return cmd
}
