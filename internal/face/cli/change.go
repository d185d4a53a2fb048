package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// change is what the commands that write in an environment share.
type change struct {
	*face
	to       string        // --to
	skip     string        // --skip-order
	freeze   string        // --override
	wait     time.Duration // --wait, of a train
	dryRun   bool
	follow   bool
	possible func(*App) error // whether what is asked for can be done at all; nil: not known
}

func (c *change) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&c.dryRun, "dry-run", false, "print the plan and change nothing")
	fl.BoolVar(&c.follow, "follow", false, "with --output json: one line per event, then the document on a line")
	cmd.GroupID = "life"
}

func (c *change) toFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.to, "to", "", "the environment")
	_ = cmd.MarkFlagRequired("to") // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("to", c.completeEnvironments)
}

// asideFlags are the rules that a reason sets aside.
func (c *change) asideFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.skip, "skip-order", "", "promote although the environments before have not had it, or not for long enough, for this `REASON`")
	c.overrideFlag(cmd)
}

func (c *change) overrideFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.freeze, "override", "", "promote although the environment is frozen, for this `REASON`")
}

func (f *face) provisionCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectRun),
		Use:         "provision VERSION --to ENVIRONMENT",
		Short:       "Make a release ready beside what is live, in all places at once",
		Example:     "  falkirk provision 1.4.0 --to prd --dry-run",
		Args:        exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), engine.Request{Verb: delivery.VerbProvision, Environment: c.to, Version: args[0]})
		},
	}
	c.toFlag(cmd)
	c.flags(cmd)
	return cmd
}

func (f *face) promoteCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectRun),
		Use:         "promote VERSION --to ENVIRONMENT",
		Short:       "Make a provisioned release live",
		Example:     "  falkirk promote 1.4.0 --to prd",
		Args:        exactly(1, "one VERSION"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), engine.Request{Verb: delivery.VerbPromote, Environment: c.to, Version: args[0], Reason: c.skip, Override: c.freeze})
		},
	}
	c.toFlag(cmd)
	c.asideFlags(cmd)
	c.flags(cmd)
	return cmd
}

func (f *face) rollbackCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectRun),
		Use:         "rollback ENVIRONMENT [--to VERSION]",
		Short:       "Promote the release that was live before",
		Example:     "  falkirk rollback prd\n  falkirk rollback prd --to 1.3.2",
		Args:        exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), engine.Request{Verb: delivery.VerbRollback, Environment: args[0], Version: c.to, Reason: c.skip})
		},
	}
	cmd.Flags().StringVar(&c.skip, "reason", "", "why; it is kept in the ledger")
	cmd.Flags().StringVar(&c.to, "to", "", "the release to go back to (default: the one before)")
	_ = cmd.RegisterFlagCompletionFunc("to", f.completeVersions)
	c.flags(cmd)
	return cmd
}

func (f *face) pruneCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectRun),
		Use:         "prune ENVIRONMENT",
		Short:       "Remove what is neither live nor kept",
		Args:        exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), engine.Request{Verb: delivery.VerbPrune, Environment: args[0]})
		},
	}
	c.flags(cmd)
	return cmd
}

// check refuses flags that do not fit together.
func (c *change) check() error {
	if c.follow && (!c.isJSON() || c.dryRun) {
		return fault.Hint(fault.New(fault.Invalid, "--follow goes with --output json and a run that is not dry"), "add --output json, or leave it out")
	}
	return nil
}

// run previews or carries out one request.
func (c *change) run(ctx context.Context, req engine.Request) error {
	req.Actor = c.Actor
	if c.dryRun {
		return c.preview(ctx, req)
	}
	c.possible = func(app *App) error {
		_, _, err := app.Engine.Preview(ctx, req)
		return err
	}
	var used *App
	err := c.carry(ctx, req.Environment, func(ctx context.Context, app *App) (engine.Result, error) {
		used = app
		return app.Engine.Run(ctx, req)
	})
	if err != nil || req.Verb != delivery.VerbPrune {
		return err
	}
	c.noteOrphans(ctx, used, req.Environment)
	return nil
}

func (c *change) preview(ctx context.Context, req engine.Request) error {
	if err := c.check(); err != nil {
		return err
	}
	app, err := c.open(ctx, func(engine.Event) {})
	if err != nil {
		return err
	}
	p, err := app.Engine.Propose(ctx, req)
	if err != nil {
		return err
	}
	c.doc.Result = usecase.Proposed(p)
	return c.text(func() {
		c.printPlan(p.Plan, p.Digest, p.Changes...)
		c.printObstacle(p.Obstacle)
	})
}

// carry carries out what changes an environment, and shows how it goes.
func (c *change) carry(ctx context.Context, environment string, do func(context.Context, *App) (engine.Result, error)) error {
	var res engine.Result
	return c.carryOut(ctx, environment, func(ctx context.Context, app *App) (err error) {
		res, err = do(ctx, app)
		return err
	}, func(show *progress) any { return show.result(res) }, func() { c.printDone(res) })
}

// carryOut is carry for what has a document of its own.
func (c *change) carryOut(ctx context.Context, environment string, do func(context.Context, *App) error, document func(*progress) any, text func()) error {
	if err := c.check(); err != nil {
		return err
	}
	show := c.progress(c.follow)
	app, err := c.open(ctx, show.report)
	if err != nil {
		return err
	}
	defer show.close()
	if err := c.confirm(app, c.possible, environment); err != nil {
		return err
	}
	app.Tidy()
	err = do(ctx, app)
	show.close()
	c.doc.Result = document(show)
	if err != nil {
		return err
	}
	return c.text(text)
}

func (c *change) printDone(res engine.Result) {
	op := res.Operation
	if !res.Changed {
		fprintf(c.Out, "nothing to do: %s\n", already(op))
		return
	}
	fprintf(c.Out, "%s %s\n", c.paint(green, "done:"), past(op))
}

func already(op delivery.Operation) string {
	switch op.Verb {
	case delivery.VerbProvision:
		return op.Version + " is ready in " + op.Environment
	case delivery.VerbPrune:
		return "nothing in " + op.Environment + " is to be removed"
	default:
		return op.Version + " is live in " + op.Environment
	}
}

func past(op delivery.Operation) string {
	switch op.Verb {
	case delivery.VerbProvision:
		return op.Version + " stands ready in " + op.Environment
	case delivery.VerbRollback:
		return op.Environment + " is back on " + op.Version
	case delivery.VerbPrune:
		return op.Environment + " is pruned"
	default:
		return op.Version + " is live in " + op.Environment
	}
}

// confirm asks before a protected environment is touched. What is not possible
// anyway is said first, and nobody is asked; possible may be nil.
func (f *face) confirm(app *App, possible func(*App) error, environments ...string) error {
	for _, name := range environments {
		env, err := app.Engine.App.Environment(name)
		if err != nil {
			return err
		}
		if !env.Protected || f.yes {
			continue
		}
		if possible != nil {
			if err := possible(app); err != nil {
				return err
			}
		}
		refusal := fault.New(fault.Refused, "%s is protected", name)
		if !f.Ask {
			return fault.Hint(refusal, "repeat the command with --yes")
		}
		fprintf(f.Err, "%s is protected. Type its name to go on: ", name)
		if f.readLine() != name {
			return fault.Hint(refusal, "nothing was changed; type the name, or give --yes")
		}
	}
	return nil
}

// text prints, unless JSON is asked for.
func (f *face) text(show func()) error {
	if !f.isJSON() {
		show()
	}
	return nil
}

func (f *face) open(ctx context.Context, report func(engine.Event)) (*App, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	app, err := f.Open(ctx, path, report)
	if err != nil {
		return nil, err
	}
	f.hide(app.Redact)
	if app.Shown != nil {
		app.Shown(versionsIn(f.args)...)
	}
	f.app, f.flush = app, app.Flush
	return app, f.fits(app.File.Falkirk)
}
