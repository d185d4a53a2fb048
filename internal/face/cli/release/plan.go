package release

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// PlanCmd is the command plan.
func PlanCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	var phase, save string
	cmd := &cobra.Command{
		Annotations: ui.WritingFiles(ui.Asks(f.Release.Plan.Entry(), f.Release.Save.Entry())),
		Use:         "plan VERSION --to ENVIRONMENT",
		Short:       "Show what provision, promote or prune would do",
		Long: `Shows what provision would do, or promote where the release is ready already.
While the environment is frozen, before its soak time is over and while everything is
stopped, a plan can still be made, saved and approved; it says what refuses it now.`,
		Example: "  falkirk plan 1.4.0 --to prd\n  falkirk plan --phase prune --to prd",
		Args:    ui.AtMostOne("VERSION"), ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := release.PlanQuery{
				Verb: delivery.Verb(phase), Environment: c.To, Version: strings.Join(args, ""), SkipOrder: c.Skip, Override: c.Freeze,
			}
			if save == "" {
				return c.Preview(cmd.Context(), q)
			}
			return savePlan(c, cmd.Context(), q, save)
		},
	}
	c.ToFlag(cmd)
	cmd.Flags().StringVar(&phase, "phase", "", "provision, promote or prune (default: provision, or promote where the release is ready)")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"provision", "promote", "prune"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	cmd.Flags().StringVar(&save, "save", "", "write the plan to a `FILE` that falkirk apply carries out")
	c.AsideFlags(cmd)
	cmd.AddCommand(planShowCmd(f))
	cmd.GroupID = "life"
	return cmd
}

// savePlan writes the plan to a file that apply binds itself to.
func savePlan(c *ui.Change, ctx context.Context, q release.PlanQuery, path string) error {
	made, err := usecase.Do(ctx, c.Call(), c.Release.Save, q)
	if err != nil {
		return err
	}
	if err := ui.WriteSaved(path, made.Saved); err != nil {
		return err
	}
	c.Doc.Result = made
	return c.Text(func() {
		c.PrintPlan(made.Plan, made.Digest)
		c.PrintObstacle(made.Obstacle)
		ui.Fprintf(c.Out, "saved in %s; falkirk apply %s\n", path, path)
	})
}
