// Package setup is the commands about what Falkirk needs in accounts and clusters.
// Each parses its flags into a request, asks a use case and prints the result.
package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

// CreateCmd is the command create.
func CreateCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectReads), Use: "create", Short: "Prepare what releases go to", GroupID: "app",
	}
	cmd.AddCommand(createAccountCmd(f), prdConfigsCmd(f), createSyncCmd(f), createFunctionCmd(f))
	return cmd
}

func createAccountCmd(f *ui.Face) *cobra.Command {
	var r setup.PrepareRequest
	cmd := &cobra.Command{
		Annotations: ui.BeforeStore(ui.Does(ui.EffectWrites, "dry-run", "print", "into", "print-policies")),
		Use:         "account NAME", Short: "Prepare an AWS account: its role, the builds bucket, and who may read from them",
		Long: `Makes the stack that prepares an account of the app file, by a change set that is shown
first: the role that works there, allowed exactly what the app file needs (these buckets,
repositories, stacks and distributions); the builds bucket where the account is the
store's (versioned, encrypted, TLS only, not public); with --repositories the ECR
repositories that images go to. What roles of other accounts need is merged into the
policies of buckets and repositories that are there already; what others wrote in them
stays. Running it again changes what the app file has changed, and --delete takes away
what it attached; buckets and repositories are kept.

It runs as whoever may do that: with the starting credentials, or as the role --as.`,
		Example: "  falkirk create account prd --print\n  falkirk create account prd --as arn:aws:iam::333333333333:role/OrganizationAccountAccessRole --principal arn:aws:iam::111111111111:role/ci",
		Args:    ui.Exactly(1, "one NAME"), ValidArgsFunction: f.CompleteAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Account = args[0]
			return createAccount(f, cmd.Context(), r)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&r.Principals, "principal", nil, "`ARN` of a role or user, or an account ID: who may take the role (default: the last role of via)")
	fl.StringVar(&r.ExternalID, "external-id", "", "external ID that the role asks for (default: externalId of the app file)")
	fl.StringVar(&r.Boundary, "permissions-boundary", "", "`ARN` of the managed policy that bounds the role")
	fl.StringVar(&r.Role, "role-name", "", "name of the role (default: role of the app file)")
	fl.StringVar(&r.As, "as", "", "`ARN` of a role that may prepare the account (default: the starting credentials)")
	fl.BoolVar(&r.Repositories, "repositories", false, "make the ECR repositories that images go to")
	fl.BoolVar(&r.Print, "print", false, "print the template and ask nobody")
	fl.BoolVar(&r.DryRun, "dry-run", false, "show what would be changed and change nothing")
	fl.BoolVar(&r.Delete, "delete", false, "take away what was attached, and the stack")
	return cmd
}

func createAccount(f *ui.Face, ctx context.Context, r setup.PrepareRequest) error {
	if r.Print && (r.Delete || r.DryRun) {
		return fault.Hint(fault.New(fault.Invalid, "--print goes with neither --delete nor --dry-run"), "leave one out")
	}
	app, err := f.ReachAccounts()
	if err != nil {
		return err
	}
	r.Ask = func(p setup.Preparation) error { return agree(f, r, p) }
	r.Report = func(line string) {
		if !f.Quiet && !f.IsJSON() {
			ui.Fprintln(f.Err, line)
		}
	}
	done, err := app.Prepare(ctx, r)
	f.Doc.Result = done
	if err != nil {
		return err
	}
	return f.Text(func() { printPreparation(f, r, done) })
}

// agree asks whether an account is to be changed so.
func agree(f *ui.Face, r setup.PrepareRequest, p setup.Preparation) error {
	verb := "prepare"
	if r.Delete {
		verb = "remove what was prepared in"
	}
	return consent(f, verb, "account "+r.Account, r.Account, func() { ShowPreparation(f, f.Err.Write, p) })
}

// consent shows what is to be changed and has its name typed, unless --yes was
// given. Nobody is asked who cannot answer.
func consent(f *ui.Face, verb, what, name string, show func()) error {
	if f.Yes {
		return nil
	}
	refusal := fault.New(fault.Refused, "%s %s: nobody has agreed", verb, what)
	if !f.Ask || f.IsJSON() {
		return fault.Hint(refusal, "look at it with --dry-run, then repeat the command with --yes")
	}
	show()
	ui.Fprintf(f.Err, "Type %s to %s it: ", name, strings.Fields(verb)[0])
	if f.ReadLine() != name {
		return fault.Hint(refusal, "nothing was changed; type the name, or give --yes")
	}
	return nil
}

// makeOrRemove is the verb of what is made, and removed again.
func makeOrRemove(remove bool) string {
	if remove {
		return "remove"
	}
	return "make"
}

func printPreparation(f *ui.Face, r setup.PrepareRequest, p setup.Preparation) {
	for i, t := range p.Templates {
		if i > 0 {
			ui.Fprintln(f.Plain, "---")
		}
		if len(p.Templates) > 1 {
			ui.Fprintf(f.Plain, "# Stack %s in %s.\n", t.Stack, t.Region)
		}
		fmt.Fprint(f.Plain, t.Text)
	}
	if r.Print {
		return
	}
	ShowPreparation(f, f.Out.Write, p)
	switch {
	case p.Changed && r.Delete:
		ui.Fprintf(f.Out, "account %s is no longer prepared\n", p.Account)
	case p.Changed:
		ui.Fprintf(f.Out, "account %s is prepared\n  next: falkirk doctor %s\n", p.Account, p.Account)
	case r.DryRun:
		ui.Fprintln(f.Out, "nothing was changed")
	default:
		ui.Fprintln(f.Out, "nothing to do")
	}
}

// ShowPreparation shows what preparing an account changes.
func ShowPreparation(f *ui.Face, write func([]byte) (int, error), p setup.Preparation) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(ui.Sprintf(format, args...))) // a reader that has left is seen when the command ends
	}
	for _, s := range p.Stacks {
		if len(s.Changes) > 0 {
			say("stack %s in %s\n", s.Name, s.Region)
		}
		for _, c := range s.Changes {
			say("  %s %s %s%s\n", f.Paint(signColor(c.Sign), c.Sign), c.Name, c.Type, remark(f, c))
		}
	}
	for _, one := range p.Policies {
		say("policy of %s\n", one.Resource)
		for _, s := range one.Statements {
			say("  %s statement %s\n", f.Paint(signColor(s.Sign), s.Sign), s.Sid)
		}
	}
	for _, n := range p.Notes {
		say("%s %s\n", f.Paint(ui.Yellow, "note:"), n)
	}
}

func remark(f *ui.Face, c setup.PreparedResource) string {
	s := ""
	if c.Replace {
		s += " " + f.Paint(ui.Red, "REPLACED")
	}
	if c.Note != "" {
		s += " (" + c.Note + ")"
	}
	return s
}

func signColor(sign string) string {
	switch sign {
	case "+":
		return ui.Green
	case "-":
		return ui.Red
	}
	return ui.Yellow
}
