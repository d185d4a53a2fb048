package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

func (f *face) createCmd() *cobra.Command {
	cmd := &cobra.Command{
		Annotations: does(EffectReads), Use: "create", Short: "Prepare what releases go to", GroupID: "app",
	}
	cmd.AddCommand(f.createAccountCmd(), f.prdConfigsCmd(), f.createSyncCmd(), f.createFunctionCmd())
	return cmd
}

func (f *face) createAccountCmd() *cobra.Command {
	var r setup.PrepareRequest
	cmd := &cobra.Command{
		Annotations: beforeStore(does(EffectWrites, "dry-run", "print", "into", "print-policies")),
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
		Args:    exactly(1, "one NAME"), ValidArgsFunction: f.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Account = args[0]
			return f.createAccount(cmd.Context(), r)
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

func (f *face) createAccount(ctx context.Context, r setup.PrepareRequest) error {
	if r.Print && (r.Delete || r.DryRun) {
		return fault.Hint(fault.New(fault.Invalid, "--print goes with neither --delete nor --dry-run"), "leave one out")
	}
	app, err := f.reach()
	if err != nil {
		return err
	}
	r.Ask = func(p setup.Preparation) error { return f.agree(r, p) }
	r.Report = func(line string) {
		if !f.quiet && !f.isJSON() {
			fprintln(f.Err, line)
		}
	}
	done, err := app.Prepare(ctx, r)
	f.doc.Result = done
	if err != nil {
		return err
	}
	return f.text(func() { f.printPreparation(r, done) })
}

// agree asks whether an account is to be changed so.
func (f *face) agree(r setup.PrepareRequest, p setup.Preparation) error {
	verb := "prepare"
	if r.Delete {
		verb = "remove what was prepared in"
	}
	return f.consent(verb, "account "+r.Account, r.Account, func() { f.showPreparation(f.Err.Write, p) })
}

// consent shows what is to be changed and has its name typed, unless --yes was
// given. Nobody is asked who cannot answer.
func (f *face) consent(verb, what, name string, show func()) error {
	if f.yes {
		return nil
	}
	refusal := fault.New(fault.Refused, "%s %s: nobody has agreed", verb, what)
	if !f.Ask || f.isJSON() {
		return fault.Hint(refusal, "look at it with --dry-run, then repeat the command with --yes")
	}
	show()
	fprintf(f.Err, "Type %s to %s it: ", name, strings.Fields(verb)[0])
	if f.readLine() != name {
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

func (f *face) printPreparation(r setup.PrepareRequest, p setup.Preparation) {
	for i, t := range p.Templates {
		if i > 0 {
			fprintln(f.plain, "---")
		}
		if len(p.Templates) > 1 {
			fprintf(f.plain, "# Stack %s in %s.\n", t.Stack, t.Region)
		}
		fmt.Fprint(f.plain, t.Text)
	}
	if r.Print {
		return
	}
	f.showPreparation(f.Out.Write, p)
	switch {
	case p.Changed && r.Delete:
		fprintf(f.Out, "account %s is no longer prepared\n", p.Account)
	case p.Changed:
		fprintf(f.Out, "account %s is prepared\n  next: falkirk doctor %s\n", p.Account, p.Account)
	case r.DryRun:
		fprintln(f.Out, "nothing was changed")
	default:
		fprintln(f.Out, "nothing to do")
	}
}

func (f *face) showPreparation(write func([]byte) (int, error), p setup.Preparation) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(sprintf(format, args...))) // a reader that has left is seen when the command ends
	}
	for _, s := range p.Stacks {
		if len(s.Changes) > 0 {
			say("stack %s in %s\n", s.Name, s.Region)
		}
		for _, c := range s.Changes {
			say("  %s %s %s%s\n", f.paint(signColor(c.Sign), c.Sign), c.Name, c.Type, f.remark(c))
		}
	}
	for _, one := range p.Policies {
		say("policy of %s\n", one.Resource)
		for _, s := range one.Statements {
			say("  %s statement %s\n", f.paint(signColor(s.Sign), s.Sign), s.Sid)
		}
	}
	for _, n := range p.Notes {
		say("%s %s\n", f.paint(yellow, "note:"), n)
	}
}

func (f *face) remark(c setup.PreparedResource) string {
	s := ""
	if c.Replace {
		s += " " + f.paint(red, "REPLACED")
	}
	if c.Note != "" {
		s += " (" + c.Note + ")"
	}
	return s
}

func signColor(sign string) string {
	switch sign {
	case "+":
		return green
	case "-":
		return red
	}
	return yellow
}
