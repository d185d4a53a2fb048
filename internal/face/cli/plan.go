package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

func (f *face) planCmd() *cobra.Command {
	c := &change{face: f}
	var phase, save string
	cmd := &cobra.Command{
		Annotations: writingFiles(asks(f.Release.Plan.Entry(), f.Release.Save.Entry())),
		Use:         "plan VERSION --to ENVIRONMENT",
		Short:       "Show what provision, promote or prune would do",
		Long: `Shows what provision would do, or promote where the release is ready already.
While the environment is frozen, before its soak time is over and while everything is
stopped, a plan can still be made, saved and approved; it says what refuses it now.`,
		Example: "  falkirk plan 1.4.0 --to prd\n  falkirk plan --phase prune --to prd",
		Args:    atMostOne("VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := release.PlanQuery{
				Verb: delivery.Verb(phase), Environment: c.to, Version: strings.Join(args, ""), SkipOrder: c.skip, Override: c.freeze,
			}
			if save == "" {
				return c.preview(cmd.Context(), q)
			}
			return c.save(cmd.Context(), q, save)
		},
	}
	c.toFlag(cmd)
	cmd.Flags().StringVar(&phase, "phase", "", "provision, promote or prune (default: provision, or promote where the release is ready)")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"provision", "promote", "prune"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	cmd.Flags().StringVar(&save, "save", "", "write the plan to a `FILE` that falkirk apply carries out")
	c.asideFlags(cmd)
	cmd.AddCommand(f.planShowCmd())
	cmd.GroupID = "life"
	return cmd
}

// save writes the plan to a file that apply binds itself to.
func (c *change) save(ctx context.Context, q release.PlanQuery, path string) error {
	made, err := usecase.Do(ctx, c.call(), c.Release.Save, q)
	if err != nil {
		return err
	}
	if err := writeSaved(path, made.Saved); err != nil {
		return err
	}
	c.doc.Result = made
	return c.text(func() {
		c.printPlan(made.Plan, made.Digest)
		c.printObstacle(made.Obstacle)
		fprintf(c.Out, "saved in %s; falkirk apply %s\n", path, path)
	})
}
