package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

func (f *face) trainCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectRun),
		Use:         "train VERSION --to ENVIRONMENT",
		Short:       "Take a release through the environments in their order",
		Long: `Provisions and promotes a release in each environment on the way to the one
named, and stops at the first gate that is closed. Every environment is then on
its old or on its new release. Repeating the command goes on from there.`,
		Example: "  falkirk train 1.4.0 --to prd --yes",
		Args:    exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error { return c.train(cmd, args[0]) },
	}
	c.toFlag(cmd)
	cmd.Flags().DurationVar(&c.wait, "wait", 0, "go on by itself when a gate, a freeze or a soak time lets it, for at most so long; nothing is held meanwhile")
	c.asideFlags(cmd)
	c.flags(cmd)
	return cmd
}

func (c *change) train(cmd *cobra.Command, version string) error {
	if err := c.check(); err != nil {
		return err
	}
	show := c.progress(c.follow)
	app, err := c.open(cmd.Context(), show.report)
	if err != nil {
		return err
	}
	defer show.close()
	route, err := app.Engine.App.Route(c.to)
	if err != nil {
		return err
	}
	if c.dryRun {
		return c.planTrain(cmd, app, route, version)
	}
	var names []string
	for _, env := range route {
		names = append(names, env.Name)
	}
	c.possible = func(app *App) error {
		_, err := app.Releases.Get(cmd.Context(), app.Engine.App.Name, version)
		return err
	}
	if err := c.confirm(app, c.possible, names...); err != nil {
		return err
	}
	app.Tidy()
	legs, err := c.ride(cmd.Context(), app, engine.Request{Version: version, Actor: c.Actor, Reason: c.skip, Override: c.freeze})
	show.close()
	c.doc.Result = trainDocument{Version: version, To: c.to, Legs: legs, Ended: show.ended, Undo: show.undo}
	if err != nil {
		return err
	}
	return c.text(func() { fprintf(c.Out, "%s %s is live in %s\n", c.paint(green, "done:"), version, c.to) })
}

// ride takes the train, and with --wait goes on when it may, without holding
// anything meanwhile.
func (c *change) ride(ctx context.Context, app *App, req engine.Request) ([]engine.Leg, error) {
	end, again := time.Now().Add(c.wait), false
	for {
		was, err := app.Engine.Mark(ctx, c.to) // before it asks: what comes meanwhile is not missed
		if err != nil {
			return nil, err
		}
		legs, err := app.Engine.Train(ctx, c.to, req)
		if again {
			err = fault.Begun(err)
		}
		again = true
		left := time.Until(end)
		if !fault.Is(err, fault.Pending) || left <= 0 {
			return legs, err
		}
		fprintf(c.Err, "%s %s; looking on for %s\n", c.paint(yellow, "waiting:"), err, took(left))
		if err := app.Engine.Moved(ctx, c.to, was, left); err != nil {
			return legs, err
		}
	}
}

type trainDocument struct {
	Version string          `json:"version"`
	To      string          `json:"to"`
	Legs    []engine.Leg    `json:"legs"`
	Ended   []engine.Event  `json:"ended"`          // how each operation ended, and what is live
	Undo    []delivery.Undo `json:"undo,omitempty"` // of a run that failed: what was taken back, and what was not
}

func (c *change) planTrain(cmd *cobra.Command, app *App, route []delivery.Environment, version string) error {
	plans := []usecase.Plan{}
	for _, env := range route {
		p, err := app.Engine.Propose(cmd.Context(), engine.Request{
			Verb: delivery.VerbProvision, Environment: env.Name, Version: version, Actor: c.Actor,
		})
		if err != nil {
			return err
		}
		plans = append(plans, usecase.Proposed(p))
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
