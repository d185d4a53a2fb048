package setup

import (
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/setup"
)

func printFunction(f *ui.Face, r setup.FunctionRequest, one setup.Function) {
	if r.Print {
		printFunctionTexts(f, one)
		tellNotes(f, one.Notes)
		return
	}
	ShowFunction(f, f.Out.Write, one)
	tellFunctionElsewhere(f, one)
	switch {
	case !one.Changed && r.DryRun:
		ui.Fprintln(f.Out, "nothing was changed")
	case !one.Changed:
		ui.Fprintln(f.Out, "nothing to do")
	case r.OnlySource:
		ui.Fprintln(f.Out, f.Paint(ui.Green, "done:")+" what the accounts do that images come from")
	case r.Delete:
		ui.Fprintf(f.Out, "%s function %s is gone from account %s\n", f.Paint(ui.Green, "done:"), one.Name, one.Account)
	default:
		ui.Fprintf(f.Out, "%s function %s copies images into account %s, %s\n  next: aws lambda invoke --function-name %s --region %s --cli-binary-format raw-in-base64-out --payload '{\"args\":[\"sync\",\"--jobs\",\"sync.yml\"]}' /dev/stdout, to copy at once\n",
			f.Paint(ui.Green, "done:"), one.Name, one.Account, one.Region, one.Name, one.Region)
	}
}

func printFunctionTexts(f *ui.Face, one setup.Function) {
	for i, t := range one.Templates {
		if i > 0 {
			ui.Fprintln(f.Plain, "---")
		}
		ui.Fprintf(f.Plain, "# Stack %s in %s.\n%s", t.Stack, t.Region, ui.Block(t.Text))
	}
	for _, d := range one.Documents {
		ui.Fprintf(f.Plain, "---\n# %s\n%s\n", d.For, ui.Block(d.Policy))
	}
}

// ShowFunction says what changes, or would.
func ShowFunction(f *ui.Face, write func([]byte) (int, error), one setup.Function) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(ui.Sprintf(format, args...))) // a reader that has left is seen when the command ends
	}
	for _, s := range one.Stacks {
		if len(s.Changes) > 0 {
			say("stack %s in account %s, %s\n", s.Name, s.Account, s.Region)
		}
		for _, c := range s.Changes {
			say("  %s %s %s%s\n", f.Paint(signColor(c.Sign), c.Sign), c.Name, c.Type, remark(f, c))
		}
	}
	for _, p := range one.Policies {
		say("policy of %s\n", p.Resource)
		for _, s := range p.Statements {
			say("  %s statement %s\n", f.Paint(signColor(s.Sign), s.Sign), s.Sid)
		}
	}
	if one.Code != "" && one.Bytes > 0 {
		say("zip of %s at %s\n", ui.Size(int64(one.Bytes)), one.Code)
	}
	if one.Decisions != "" {
		say("asks before each image for a stop and for bans: %s\n", one.Decisions)
	}
	for _, n := range one.Notes {
		say("%s %s\n", f.Paint(ui.Yellow, "note:"), n)
	}
}

// tellNotes says beside what was printed what the reader must know of it.
func tellNotes(f *ui.Face, all []string) {
	for _, n := range all {
		ui.Fprintf(f.Err, "%s %s\n", f.Paint(ui.Yellow, "note:"), n)
	}
}

// resourceOf names what has a policy.
func resourceOf(repository, bucket string) string {
	if bucket != "" {
		return "bucket " + bucket
	}
	return "repository " + repository
}

// tellFunctionElsewhere says what has to be done in accounts that are out of reach.
func tellFunctionElsewhere(f *ui.Face, one setup.Function) {
	for _, e := range one.Elsewhere {
		ui.Fprintf(f.Err, "%s account %s is out of reach: %s\n", f.Paint(ui.Yellow, "note:"), e.Account, e.Why)
		if e.Template == "" && e.Stack != "" {
			ui.Fprintf(f.Err, "  stack %s in %s there has to go\n", e.Stack, e.Region)
		}
		if e.Template != "" {
			ui.Fprintf(f.Err, "  stack %s in %s there, which tells of pushes:\n%s", e.Stack, e.Region, ui.Block(e.Template))
		}
		for _, p := range e.Policies {
			what := resourceOf(p.Repository, p.Bucket)
			if p.Policy == "" {
				ui.Fprintf(f.Err, "  the policy of %s in %s there must no longer let the function in\n", what, e.Region)
				continue
			}
			ui.Fprintf(f.Err, "  the policy of %s in %s there must have these statements, too:\n%s\n", what, e.Region, ui.Block(p.Policy))
		}
		ui.Fprintf(f.Err, "  who works there runs\n    %s\n", e.Command)
	}
}
