package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/rule"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

func (f *face) whyCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: asks(f.Inspect.Why.Entry()),
		Use:         "why VERSION ENVIRONMENT", Short: "The one thing that holds a release back, and the command that moves it on",
		Example: "  falkirk why 1.4.0 prd", GroupID: "see",
		Args: exactly(2, "a VERSION and an ENVIRONMENT"), ValidArgsFunction: f.completeVersionThenEnvironment,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := usecase.Do(cmd.Context(), f.call(), f.Inspect.Why, inspect.WhyQuery{Version: args[0], Environment: args[1]})
			if err != nil {
				return err
			}
			f.doc.Result = o
			return f.text(func() { f.printWhy(o) })
		},
	}
}

func (f *face) printWhy(o rule.Obstacle) {
	word := f.paint(yellow, string(o.Cause)+":")
	if o.Cause == rule.None || o.Cause == rule.Done {
		word = f.paint(green, string(o.Cause)+":")
	}
	fprintf(f.Out, "%s %s\n", word, o.Text)
	if o.Next != "" {
		fprintf(f.Out, "  next: %s\n", o.Next)
	}
}

func (f *face) completeVersionThenEnvironment(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return f.completeVersions(cmd, args, typed)
	}
	return f.completeEnvironments(cmd, args[1:], typed)
}
