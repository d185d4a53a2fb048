// Package inspect is the commands about what is live where, and why.
// Each parses its flags into a request, asks a use case and prints the result.
package inspect

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// StatusCmd is the command status.
func StatusCmd(f *ui.Face) *cobra.Command {
	digests, drift, code := false, false, false
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Status.Entry()),
		Use:         "status [ENVIRONMENT]", Short: "What is live where, since when, by whom, what stands ready, drift",
		Args: ui.AtMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := usecase.Do(cmd.Context(), f.Call(), f.Inspect.Status, inspect.StatusQuery{Environment: strings.Join(args, ""), Drift: drift})
			if all == nil && err != nil {
				return err
			}
			f.Doc.Result = all
			if textErr := f.Text(func() { f.PrintStatus(all, digests, err) }); textErr != nil {
				return textErr
			}
			if code && (err == nil || all.IsSeen()) {
				f.Answer = all.Code()
				return nil // what could not be observed is in the table and in the code
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&code, "exit-code", false, "exit with 7 for drift and for orphaned, 9 for partial, 10 for unsettled, 11 for unknown, 5 while an operation has an environment; 0 when all is as recorded")
	cmd.Flags().BoolVar(&drift, "drift", false, "have each service look for drift, such as CloudFormation; it may take minutes")
	cmd.Flags().BoolVar(&digests, "digests", false, "show what is recorded beside what is live, by digest")
	return cmd
}
