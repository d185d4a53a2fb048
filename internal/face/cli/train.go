package cli

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

func (f *face) trainCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Train.Entry(), f.Release.TrainPlan.Entry()),
		Use:         "train VERSION --to ENVIRONMENT",
		Short:       "Take a release through the environments in their order",
		Long: `Provisions and promotes a release in each environment on the way to the one
named, and stops at the first gate that is closed. Every environment is then on
its old or on its new release. Repeating the command goes on from there.`,
		Example: "  falkirk train 1.4.0 --to prd --yes",
		Args:    exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error { return c.train(cmd.Context(), args[0]) },
	}
	c.toFlag(cmd)
	cmd.Flags().DurationVar(&c.wait, "wait", 0, "go on by itself when a gate, a freeze or a soak time lets it, for at most so long; nothing is held meanwhile")
	c.asideFlags(cmd)
	c.flags(cmd)
	return cmd
}

func (c *change) train(ctx context.Context, version string) error {
	if c.dryRun {
		return c.planTrain(ctx, version)
	}
	q := release.TrainQuery{
		Consent: c.flagged(), Version: version, Environment: c.to,
		Wait: delivery.Duration(c.wait), SkipOrder: c.skip, Override: c.freeze,
	}
	return carried(ctx, c, c.Release.Train, q, func(release.TrainResult) {
		fprintf(c.Out, "%s %s is live in %s\n", c.paint(green, "done:"), version, c.to)
	})
}

func (c *change) planTrain(ctx context.Context, version string) error {
	if err := c.check(); err != nil {
		return err
	}
	plans, err := usecase.Do(ctx, c.call(), c.Release.TrainPlan, release.TrainPlanQuery{Version: version, Environment: c.to})
	if err != nil {
		return err
	}
	c.doc.Result = plans
	return c.text(func() {
		for _, p := range plans {
			c.printPlan(p.Plan, p.Digest, p.Changes...)
			c.printObstacle(p.Obstacle)
			fprintf(c.Out, "then promote %s in %s\n\n", version, p.Environment)
		}
	})
}
