package release

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// TrainCmd is the command train.
func TrainCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Train.Entry(), f.Release.TrainPlan.Entry()),
		Use:         "train VERSION --to ENVIRONMENT",
		Short:       "Take a release through the environments in their order",
		Long: `Provisions and promotes a release in each environment on the way to the one
named, and stops at the first gate that is closed. Every environment is then on
its old or on its new release. Repeating the command goes on from there.`,
		Example: "  falkirk train 1.4.0 --to prd --yes",
		Args:    ui.Exactly(1, "one VERSION"), ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error { return train(c, cmd.Context(), args[0]) },
	}
	c.ToFlag(cmd)
	cmd.Flags().DurationVar(&c.Wait, "wait", 0, "go on by itself when a gate, a freeze or a soak time lets it, for at most so long; nothing is held meanwhile")
	c.AsideFlags(cmd)
	c.Flags(cmd)
	return cmd
}

func train(c *ui.Change, ctx context.Context, version string) error {
	if c.DryRun {
		return planTrain(c, ctx, version)
	}
	q := release.TrainQuery{
		Consent: c.Flagged(), Version: version, Environment: c.To,
		Wait: delivery.Duration(c.Wait), SkipOrder: c.Skip, Override: c.Freeze,
	}
	return ui.Carried(ctx, c, c.Release.Train, q, func(release.TrainResult) {
		ui.Fprintf(c.Out, "%s %s is live in %s\n", c.Paint(ui.Green, "done:"), version, c.To)
	})
}

func planTrain(c *ui.Change, ctx context.Context, version string) error {
	if err := c.Check(); err != nil {
		return err
	}
	plans, err := usecase.Do(ctx, c.Call(), c.Release.TrainPlan, release.TrainPlanQuery{Version: version, Environment: c.To})
	if err != nil {
		return err
	}
	c.Doc.Result = plans
	return c.Text(func() {
		for _, p := range plans {
			c.PrintPlan(p.Plan, p.Digest, p.Changes...)
			c.PrintObstacle(p.Obstacle)
			ui.Fprintf(c.Out, "then promote %s in %s\n\n", version, p.Environment)
		}
	})
}
