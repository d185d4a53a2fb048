package inspect

import (
	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/rule"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// WhyCmd is the command why.
func WhyCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Why.Entry()),
		Use:         "why VERSION ENVIRONMENT", Short: "The one thing that holds a release back, and the command that moves it on",
		Example: "  falkirk why 1.4.0 prd", GroupID: "see",
		Args: ui.Exactly(2, "a VERSION and an ENVIRONMENT"), ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completeVersionThenEnvironment(f, cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := usecase.Do(cmd.Context(), f.Call(), f.Inspect.Why, inspect.WhyQuery{Version: args[0], Environment: args[1]})
			if err != nil {
				return err
			}
			f.Doc.Result = o
			return f.Text(func() { PrintWhy(f, o) })
		},
	}
}

// PrintWhy prints what holds a release back, and the next command.
func PrintWhy(f *ui.Face, o rule.Obstacle) {
	word := f.Paint(ui.Yellow, string(o.Cause)+":")
	if o.Cause == rule.None || o.Cause == rule.Done {
		word = f.Paint(ui.Green, string(o.Cause)+":")
	}
	ui.Fprintf(f.Out, "%s %s\n", word, o.Text)
	if o.Next != "" {
		ui.Fprintf(f.Out, "  next: %s\n", o.Next)
	}
}

func completeVersionThenEnvironment(f *ui.Face, cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return f.CompleteVersions(cmd, args, typed)
	}
	return f.CompleteEnvironments(cmd, args[1:], typed)
}
