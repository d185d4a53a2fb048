package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// decision is one command that says what a person decided.
type decision struct {
	*face
	verb    delivery.Verb
	entry   usecase.Entry
	reason  string
	all     bool // --all: the whole app
	request func(ctx context.Context, about string) (engine.Decided, error)
}

// decisionCmds are the commands by which people decide; nothing that is
// automatic undoes them.
func (f *face) decisionCmds() []*cobra.Command {
	return []*cobra.Command{
		f.aboutEnvironmentCmd(delivery.VerbHold, f.Decide.Hold, "An environment stays on the release that it has"),
		f.aboutEnvironmentCmd(delivery.VerbRelease, f.Decide.ReleaseHold, "A held environment may move again"),
		f.aboutVersionCmd(delivery.VerbBan, f.Decide.Ban, "A release goes nowhere any more; trains under way stop at it"),
		f.aboutVersionCmd(delivery.VerbUnban, f.Decide.Unban, "A banned release may go on"),
		f.aboutScopeCmd(delivery.VerbStop, f.Decide.Stop, "Nothing is written in an environment, or with --all anywhere, until it is resumed"),
		f.aboutScopeCmd(delivery.VerbResume, f.Decide.Resume, "A stopped environment may be written in again"),
		f.aboutScopeCmd(delivery.VerbSignLedger, f.Decide.SignLedger, "Sign a ledger as it is now, so that rules rely on its earlier entries"),
	}
}

func (f *face) aboutEnvironmentCmd(verb delivery.Verb, k usecase.Case[decide.EnvironmentQuery, engine.Decided], short string) *cobra.Command {
	d := &decision{face: f, verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, environment string) (engine.Decided, error) {
		return usecase.Do(ctx, f.call(), k, decide.EnvironmentQuery{Environment: environment, Reason: d.reason})
	}
	return d.command("ENVIRONMENT", short)
}

func (f *face) aboutVersionCmd(verb delivery.Verb, k usecase.Case[decide.VersionQuery, engine.Decided], short string) *cobra.Command {
	d := &decision{face: f, verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, version string) (engine.Decided, error) {
		return usecase.Do(ctx, f.call(), k, decide.VersionQuery{Version: version, Reason: d.reason})
	}
	cmd := d.command("VERSION", short)
	cmd.Args, cmd.ValidArgsFunction = exactly(1, "one VERSION"), f.completeVersions
	return cmd
}

func (f *face) aboutScopeCmd(verb delivery.Verb, k usecase.Case[decide.ScopeQuery, engine.Decided], short string) *cobra.Command {
	d := &decision{face: f, verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, environment string) (engine.Decided, error) {
		return usecase.Do(ctx, f.call(), k, decide.ScopeQuery{Environment: environment, All: d.all, Reason: d.reason})
	}
	cmd, all := d.command("ENVIRONMENT", short), "in every environment"
	if verb == delivery.VerbSignLedger {
		all = "the ledger of the whole app"
	}
	cmd.Flags().BoolVar(&d.all, "all", false, all)
	return cmd
}

func (d *decision) command(what, short string) *cobra.Command {
	cmd := &cobra.Command{
		Annotations: asks(d.entry),
		Use:         string(d.verb) + " " + what, Short: short, GroupID: "decide",
		Args: atMostOne("ENVIRONMENT"), ValidArgsFunction: d.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd, args) },
	}
	cmd.Flags().StringVar(&d.reason, "reason", "", "why; everybody who is refused reads it")
	switch d.verb {
	case delivery.VerbStop, delivery.VerbBan, delivery.VerbHold, delivery.VerbSignLedger:
		_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	}
	return cmd
}

func (d *decision) run(cmd *cobra.Command, args []string) error {
	switch {
	case d.all && len(args) > 0:
		return fault.New(fault.Invalid, "%s takes an ENVIRONMENT or --all, not both", cmd.CommandPath())
	case !d.all && len(args) == 0:
		return fault.Hint(fault.New(fault.Invalid, "%s takes one ENVIRONMENT", cmd.CommandPath()), "%s --help", cmd.CommandPath())
	}
	done, err := d.request(cmd.Context(), strings.Join(args, ""))
	if err != nil {
		return err
	}
	d.doc.Result = done
	return d.text(func() { d.print(done) })
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
