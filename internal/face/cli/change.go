package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// change is what the commands that write in an environment share.
type change struct {
	*face
	to     string        // --to
	skip   string        // --skip-order
	freeze string        // --override
	wait   time.Duration // --wait, of a train
	dryRun bool
	follow bool
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

// check refuses flags that do not fit together.
func (c *change) check() error {
	if c.follow && (!c.isJSON() || c.dryRun) {
		return fault.Hint(fault.New(fault.Invalid, "--follow goes with --output json and a run that is not dry"), "add --output json, or leave it out")
	}
	return nil
}

// flagged is what the flags agree to.
func (f *face) flagged() usecase.Consent { return usecase.Consent{Yes: f.yes} }

func (c *change) preview(ctx context.Context, q release.PlanQuery) error {
	if err := c.check(); err != nil {
		return err
	}
	p, err := usecase.Do(ctx, c.call(), c.Release.Plan, q)
	if err != nil {
		return err
	}
	c.doc.Result = p
	return c.text(func() {
		c.printPlan(p.Plan, p.Digest, p.Changes...)
		c.printObstacle(p.Obstacle)
	})
}

// changed asks for a change of one environment.
func changed[Q any, P agreeing[Q]](ctx context.Context, c *change, k usecase.Case[Q, *release.ChangeResult], q Q) error {
	return carried[Q, release.ChangeResult, P](ctx, c, k, q, c.printDone)
}

// again asks for an operation as it was asked for before.
func (c *change) again(ctx context.Context, op delivery.Operation) error {
	switch op.Verb {
	case delivery.VerbProvision:
		return changed(ctx, c, c.Release.Provision, release.ProvisionQuery{Consent: c.flagged(), Environment: op.Environment, Version: op.Version})
	case delivery.VerbPrune:
		return changed(ctx, c, c.Release.Prune, release.PruneQuery{Consent: c.flagged(), Environment: op.Environment})
	case delivery.VerbRollback:
		return changed(ctx, c, c.Release.Rollback, release.RollbackQuery{Consent: c.flagged(), Environment: op.Environment, Version: op.Version, Reason: op.Reason})
	default:
		return changed(ctx, c, c.Release.Promote, release.PromoteQuery{
			Consent: c.flagged(), Environment: op.Environment, Version: op.Version, SkipOrder: op.Reason, Override: op.Override,
		})
	}
}

// agreeing is a request that a person agrees to.
type agreeing[Q any] interface {
	*Q
	Agree(plan string)
}

// carried asks for what changes environments, asks the person where somebody must
// agree, and shows how it goes.
func carried[Q, R any, P agreeing[Q]](ctx context.Context, c *change, k usecase.Case[Q, *R], q Q, text func(R)) error {
	if err := c.check(); err != nil {
		return err
	}
	show := c.progress(c.follow)
	defer show.close()
	r, err := usecase.WithConsent[Q, *R, P](ctx, c.callWith(show.hear), k, q, c.askConsent)
	show.close()
	if r != nil {
		c.doc.Result = r
	}
	if err != nil {
		return err
	}
	err = c.text(func() { text(*r) })
	for _, ev := range show.after {
		c.heard(ev)
	}
	return err
}

func (c *change) printDone(res release.ChangeResult) {
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
