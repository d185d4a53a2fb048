package ui

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// Change is what the commands that write in an environment share.
type Change struct {
	*Face
	To     string        // --to
	Skip   string        // --skip-order
	Freeze string        // --override
	Wait   time.Duration // --wait, of a train
	DryRun bool
	Follow bool
}

// Flags are those of every command that writes in an environment.
func (c *Change) Flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVar(&c.DryRun, "dry-run", false, "print the plan and change nothing")
	fl.BoolVar(&c.Follow, "follow", false, "with --output json: one line per event, then the document on a line")
	cmd.GroupID = "life"
}

// ToFlag is the environment to change.
func (c *Change) ToFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.To, "to", "", "the environment")
	_ = cmd.MarkFlagRequired("to") // fails only for a flag that does not exist
	_ = cmd.RegisterFlagCompletionFunc("to", c.CompleteEnvironments)
}

// AsideFlags are the rules that a reason sets aside.
func (c *Change) AsideFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.Skip, "skip-order", "", "promote although the environments before have not had it, or not for long enough, for this `REASON`")
	c.OverrideFlag(cmd)
}

// OverrideFlag sets a freeze aside for a reason.
func (c *Change) OverrideFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.Freeze, "override", "", "promote although the environment is frozen, for this `REASON`")
}

// Check refuses flags that do not fit together.
func (c *Change) Check() error {
	if c.Follow && (!c.IsJSON() || c.DryRun) {
		return fault.Hint(fault.New(fault.Invalid, "--follow goes with --output json and a run that is not dry"), "add --output json, or leave it out")
	}
	return nil
}

// Flagged is what the flags agree to.
func (f *Face) Flagged() usecase.Consent { return usecase.Consent{Yes: f.Yes} }

// Preview prints the plan of a request and changes nothing.
func (c *Change) Preview(ctx context.Context, q release.PlanQuery) error {
	if err := c.Check(); err != nil {
		return err
	}
	p, err := usecase.Do(ctx, c.Call(), c.Release.Plan, q)
	if err != nil {
		return err
	}
	c.Doc.Result = p
	return c.Text(func() {
		c.PrintPlan(p.Plan, p.Digest, p.Changes...)
		c.PrintObstacle(p.Obstacle)
	})
}

// Changed asks for a change of one environment.
func Changed[Q any, P agreeing[Q]](ctx context.Context, c *Change, k usecase.Case[Q, *release.ChangeResult], q Q) error {
	return Carried[Q, release.ChangeResult, P](ctx, c, k, q, c.printDone)
}

// Again asks for an operation as it was asked for before.
func (c *Change) Again(ctx context.Context, op delivery.Operation) error {
	switch op.Verb {
	case delivery.VerbProvision:
		return Changed(ctx, c, c.Release.Provision, release.ProvisionQuery{Consent: c.Flagged(), Environment: op.Environment, Version: op.Version})
	case delivery.VerbPrune:
		return Changed(ctx, c, c.Release.Prune, release.PruneQuery{Consent: c.Flagged(), Environment: op.Environment})
	case delivery.VerbRollback:
		return Changed(ctx, c, c.Release.Rollback, release.RollbackQuery{Consent: c.Flagged(), Environment: op.Environment, Version: op.Version, Reason: op.Reason})
	default:
		return Changed(ctx, c, c.Release.Promote, release.PromoteQuery{
			Consent: c.Flagged(), Environment: op.Environment, Version: op.Version, SkipOrder: op.Reason, Override: op.Override,
		})
	}
}

// agreeing is a request that a person agrees to.
type agreeing[Q any] interface {
	*Q
	Agree(plan string)
}

// Carried asks for what changes environments, asks the person where somebody must
// agree, and shows how it goes.
func Carried[Q, R any, P agreeing[Q]](ctx context.Context, c *Change, k usecase.Case[Q, *R], q Q, text func(R)) error {
	if err := c.Check(); err != nil {
		return err
	}
	show := c.progress(c.Follow)
	defer show.Close()
	r, err := usecase.WithConsent[Q, *R, P](ctx, c.CallWith(show.hear), k, q, c.AskConsent)
	show.Close()
	if r != nil {
		c.Doc.Result = r
	}
	if err != nil {
		return err
	}
	err = c.Text(func() { text(*r) })
	for _, ev := range show.after {
		c.Heard(ev)
	}
	return err
}

func (c *Change) printDone(res release.ChangeResult) {
	op := res.Operation
	if !res.Changed {
		Fprintf(c.Out, "nothing to do: %s\n", already(op))
		return
	}
	Fprintf(c.Out, "%s %s\n", c.Paint(Green, "done:"), past(op))
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
