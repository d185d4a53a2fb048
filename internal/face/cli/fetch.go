package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

func (f *face) fetchCmd() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Fetch.Entry()),
		Use:         "fetch VERSION COMPONENT", Short: "Write the bundle of a release into a file",
		Example: "  falkirk fetch 1.4.0 function --to function.zip", GroupID: "see",
		Args: exactly(2, "a VERSION and a COMPONENT"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			got, err := usecase.Do(cmd.Context(), f.call(), f.Release.Fetch, release.FetchQuery{Version: args[0], Component: args[1], File: to})
			if err != nil {
				return err
			}
			f.doc.Result = got
			return f.text(func() {
				fprintf(f.Out, "%s %s, %s, %s\n", f.paint(green, "done:"), got.File, size(got.Size), got.Digest)
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the `FILE` (default: COMPONENT-VERSION.zip here)")
	return cmd
}
