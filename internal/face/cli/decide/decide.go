// Package decide is the commands about what people decide: approvals, holds, bans, stops, the lock.
// Each parses its flags into a request, asks a use case and prints the result.
package decide

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// Decision is one command that says what a person decided.
type Decision struct {
	*ui.Face
	Verb    delivery.Verb
	entry   usecase.Entry
	reason  string
	all     bool // --all: the whole app
	request func(ctx context.Context, about string) (engine.Decided, error)
}

// DecisionCmds are the commands by which people decide; nothing that is
// automatic undoes them.
func DecisionCmds(f *ui.Face) []*cobra.Command {
	return []*cobra.Command{
		aboutEnvironmentCmd(f, delivery.VerbHold, f.Decide.Hold, "An environment stays on the release that it has"),
		aboutEnvironmentCmd(f, delivery.VerbRelease, f.Decide.ReleaseHold, "A held environment may move again"),
		aboutVersionCmd(f, delivery.VerbBan, f.Decide.Ban, "A release goes nowhere any more; trains under way stop at it"),
		aboutVersionCmd(f, delivery.VerbUnban, f.Decide.Unban, "A banned release may go on"),
		aboutScopeCmd(f, delivery.VerbStop, f.Decide.Stop, "Nothing is written in an environment, or with --all anywhere, until it is resumed"),
		aboutScopeCmd(f, delivery.VerbResume, f.Decide.Resume, "A stopped environment may be written in again"),
		aboutScopeCmd(f, delivery.VerbSignLedger, f.Decide.SignLedger, "Sign a ledger as it is now, so that rules rely on its earlier entries"),
	}
}

func aboutEnvironmentCmd(f *ui.Face, verb delivery.Verb, k usecase.Case[decide.EnvironmentQuery, engine.Decided], short string) *cobra.Command {
	d := &Decision{Face: f, Verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, environment string) (engine.Decided, error) {
		return usecase.Do(ctx, f.Call(), k, decide.EnvironmentQuery{Environment: environment, Reason: d.reason})
	}
	return d.command("ENVIRONMENT", short)
}

func aboutVersionCmd(f *ui.Face, verb delivery.Verb, k usecase.Case[decide.VersionQuery, engine.Decided], short string) *cobra.Command {
	d := &Decision{Face: f, Verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, version string) (engine.Decided, error) {
		return usecase.Do(ctx, f.Call(), k, decide.VersionQuery{Version: version, Reason: d.reason})
	}
	cmd := d.command("VERSION", short)
	cmd.Args, cmd.ValidArgsFunction = ui.Exactly(1, "one VERSION"), f.CompleteVersions
	return cmd
}

func aboutScopeCmd(f *ui.Face, verb delivery.Verb, k usecase.Case[decide.ScopeQuery, engine.Decided], short string) *cobra.Command {
	d := &Decision{Face: f, Verb: verb, entry: k.Entry()}
	d.request = func(ctx context.Context, environment string) (engine.Decided, error) {
		return usecase.Do(ctx, f.Call(), k, decide.ScopeQuery{Environment: environment, All: d.all, Reason: d.reason})
	}
	cmd, all := d.command("ENVIRONMENT", short), "in every environment"
	if verb == delivery.VerbSignLedger {
		all = "the ledger of the whole app"
	}
	cmd.Flags().BoolVar(&d.all, "all", false, all)
	return cmd
}

func (d *Decision) command(what, short string) *cobra.Command {
	cmd := &cobra.Command{
		Annotations: ui.Asks(d.entry),
		Use:         string(d.Verb) + " " + what, Short: short, GroupID: "decide",
		Args: ui.AtMostOne("ENVIRONMENT"), ValidArgsFunction: d.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd, args) },
	}
	cmd.Flags().StringVar(&d.reason, "reason", "", "why; everybody who is refused reads it")
	switch d.Verb {
	case delivery.VerbStop, delivery.VerbBan, delivery.VerbHold, delivery.VerbSignLedger:
		_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	}
	return cmd
}

func (d *Decision) run(cmd *cobra.Command, args []string) error {
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
	d.Doc.Result = done
	return d.Text(func() { d.Print(done) })
}

// Print prints what is decided now.
func (d *Decision) Print(done engine.Decided) {
	op := done.Operation
	if !done.Changed {
		ui.Fprintf(d.Out, "nothing to do: %s\n", d.said(op))
		return
	}
	ui.Fprintf(d.Out, "%s %s\n", d.Paint(ui.Green, "done:"), d.said(op))
}

// said is what is so now.
func (d *Decision) said(op delivery.Operation) string {
	where := op.Environment
	if where == delivery.Everywhere {
		where = "everything"
	}
	by := ""
	if op.Actor != "" {
		by = " " + ui.ByWhom(op)
	}
	switch d.Verb {
	case delivery.VerbHold:
		return ui.Sprintf("%s is held on %s%s", where, ui.OrNothing(op.Version), by)
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
