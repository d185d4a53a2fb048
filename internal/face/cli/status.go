package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

func (f *face) statusCmd() *cobra.Command {
	digests, drift, code := false, false, false
	cmd := &cobra.Command{
		Annotations: asks(f.Inspect.Status.Entry()),
		Use:         "status [ENVIRONMENT]", Short: "What is live where, since when, by whom, what stands ready, drift",
		Args: atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := usecase.Do(cmd.Context(), f.call(), f.Inspect.Status, inspect.StatusQuery{Environment: strings.Join(args, ""), Drift: drift})
			if all == nil && err != nil {
				return err
			}
			f.doc.Result = all
			if textErr := f.text(func() { f.printStatus(all, digests, err) }); textErr != nil {
				return textErr
			}
			if code && (err == nil || all.IsSeen()) {
				f.answer = all.Code()
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
