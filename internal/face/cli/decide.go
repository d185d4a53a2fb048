package cli

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// decision is one command that says what a person decided.
type decision struct {
	*face
	verb   delivery.Verb
	reason string
	all    bool // --all: the whole app
}

// decisionCmds are the commands by which people decide; nothing that is
// automatic undoes them.
func (f *face) decisionCmds() []*cobra.Command {
	return []*cobra.Command{
		f.decisionCmd(delivery.VerbHold, "ENVIRONMENT", "An environment stays on the release that it has"),
		f.decisionCmd(delivery.VerbRelease, "ENVIRONMENT", "A held environment may move again"),
		f.decisionCmd(delivery.VerbBan, "VERSION", "A release goes nowhere any more; trains under way stop at it"),
		f.decisionCmd(delivery.VerbUnban, "VERSION", "A banned release may go on"),
		f.decisionCmd(delivery.VerbStop, "ENVIRONMENT", "Nothing is written in an environment, or with --all anywhere, until it is resumed"),
		f.decisionCmd(delivery.VerbResume, "ENVIRONMENT", "A stopped environment may be written in again"),
		f.decisionCmd(delivery.VerbSignLedger, "ENVIRONMENT", "Sign a ledger as it is now, so that rules rely on its earlier entries"),
	}
}

func (f *face) decisionCmd(verb delivery.Verb, what, short string) *cobra.Command {
	d := &decision{face: f, verb: verb}
	cmd := &cobra.Command{
		Annotations: does(EffectDecides),
		Use:         string(verb) + " " + what, Short: short, GroupID: "decide",
		ValidArgsFunction: f.completeEnvironments,
		RunE:              func(cmd *cobra.Command, args []string) error { return d.run(cmd, args) },
	}
	if what == "VERSION" {
		cmd.Args, cmd.ValidArgsFunction = exactly(1, "one VERSION"), f.completeVersions
	} else {
		cmd.Args = atMostOne("ENVIRONMENT")
	}
	cmd.Flags().StringVar(&d.reason, "reason", "", "why; everybody who is refused reads it")
	switch verb {
	case delivery.VerbStop, delivery.VerbResume:
		cmd.Flags().BoolVar(&d.all, "all", false, "in every environment")
	case delivery.VerbSignLedger:
		cmd.Flags().BoolVar(&d.all, "all", false, "the ledger of the whole app")
	}
	switch verb {
	case delivery.VerbStop, delivery.VerbBan, delivery.VerbHold, delivery.VerbSignLedger:
		_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	}
	return cmd
}

func (d *decision) run(cmd *cobra.Command, args []string) error {
	req := engine.Decision{Verb: d.verb, Environment: delivery.Everywhere, Actor: d.Actor, Reason: d.reason}
	switch ban := d.verb == delivery.VerbBan || d.verb == delivery.VerbUnban; {
	case ban:
		req.Version = args[0]
	case d.all && len(args) > 0:
		return fault.New(fault.Invalid, "%s takes an ENVIRONMENT or --all, not both", cmd.CommandPath())
	case len(args) == 1:
		req.Environment = args[0]
	case !d.all:
		return fault.Hint(fault.New(fault.Invalid, "%s takes one ENVIRONMENT", cmd.CommandPath()), "%s --help", cmd.CommandPath())
	}
	app, err := d.open(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return err
	}
	done, err := app.Engine.Decide(cmd.Context(), req)
	if err != nil {
		return err
	}
	d.doc.Result = done
	d.warnUnknown(cmd.Context(), app, done)
	return d.text(func() { d.print(done) })
}

// warnUnknown warns of a ban of what is not in the store: it may be mistyped, or
// not packed yet. A ban never fails because of that.
func (d *decision) warnUnknown(ctx context.Context, app *App, done engine.Decided) {
	if d.verb != delivery.VerbBan || !done.Changed {
		return
	}
	if _, err := app.Releases.Get(ctx, app.Engine.App.Name, done.Operation.Version); !fault.Is(err, fault.NotFound) {
		return
	}
	d.warn("no release %s is in the store; the ban holds if it is packed. Compare with: falkirk releases", done.Operation.Version)
}

func (d *decision) print(done engine.Decided) {
	op := done.Operation
	if !done.Changed {
		fprintf(d.Out, "nothing to do: %s\n", d.said(op))
		return
	}
	fprintf(d.Out, "%s %s\n", d.paint(green, "done:"), d.said(op))
}

// said is what is so now.
func (d *decision) said(op delivery.Operation) string {
	where := op.Environment
	if where == delivery.Everywhere {
		where = "everything"
	}
	by := ""
	if op.Actor != "" {
		by = " " + byWhom(op)
	}
	switch d.verb {
	case delivery.VerbHold:
		return sprintf("%s is held on %s%s", where, orNothing(op.Version), by)
	case delivery.VerbRelease:
		return where + " is not held"
	case delivery.VerbBan:
		return op.Version + " is banned" + by
	case delivery.VerbUnban:
		return op.Version + " is not banned"
	case delivery.VerbSignLedger:
		if op.Environment == delivery.Everywhere {
			where = "the whole app"
		}
		if op.Actor == "" {
			return "every entry of the ledger of " + where + " that must be signed is signed"
		}
		return "the ledger of " + where + " is signed as it is" + by
	case delivery.VerbStop:
		return where + " is stopped" + by
	default:
		return where + " is not stopped"
	}
}
