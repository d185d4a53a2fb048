package cli

import "fmt"

func (f *face) printFunction(r FunctionRequest, one Function) {
	if r.Print {
		f.printFunctionTexts(one)
		return
	}
	f.showFunction(f.Out.Write, one)
	f.tellFunctionElsewhere(one)
	switch {
	case !one.Changed && r.DryRun:
		fmt.Fprintln(f.Out, "nothing was changed")
	case !one.Changed:
		fmt.Fprintln(f.Out, "nothing to do")
	case r.OnlySource:
		fmt.Fprintln(f.Out, f.paint(green, "done:")+" what the accounts do that images come from")
	case r.Delete:
		fmt.Fprintf(f.Out, "%s function %s is gone from account %s\n", f.paint(green, "done:"), one.Name, one.Account)
	default:
		fmt.Fprintf(f.Out, "%s function %s copies images into account %s, %s\n  next: aws lambda invoke --function-name %s --region %s --cli-binary-format raw-in-base64-out --payload '{\"args\":[\"sync\",\"--jobs\",\"sync.yml\"]}' /dev/stdout, to copy at once\n",
			f.paint(green, "done:"), one.Name, one.Account, one.Region, one.Name, one.Region)
	}
}

func (f *face) printFunctionTexts(one Function) {
	for i, t := range one.Templates {
		if i > 0 {
			fmt.Fprintln(f.Out, "---")
		}
		fmt.Fprintf(f.Out, "# Stack %s in %s.\n%s", t.Stack, t.Region, t.Text)
	}
	for _, d := range one.Documents {
		fmt.Fprintf(f.Out, "---\n# %s\n%s\n", d.For, d.Policy)
	}
}

// showFunction says what changes, or would.
func (f *face) showFunction(write func([]byte) (int, error), one Function) {
	say := func(format string, args ...any) {
		_, _ = write(fmt.Appendf(nil, format, args...)) // a reader that has left is seen when the command ends
	}
	for _, s := range one.Stacks {
		if len(s.Changes) > 0 {
			say("stack %s in account %s, %s\n", s.Name, s.Account, s.Region)
		}
		for _, c := range s.Changes {
			say("  %s %s %s%s\n", f.paint(signColor(c.Sign), c.Sign), c.Name, c.Type, f.remark(c))
		}
	}
	for _, p := range one.Policies {
		say("policy of %s\n", p.Resource)
		for _, s := range p.Statements {
			say("  %s statement %s\n", f.paint(signColor(s.Sign), s.Sign), s.Sid)
		}
	}
	if one.Code != "" && one.Bytes > 0 {
		say("zip of %s at %s\n", size(int64(one.Bytes)), one.Code)
	}
	for _, n := range one.Notes {
		say("%s %s\n", f.paint(yellow, "note:"), n)
	}
}

// tellFunctionElsewhere says what has to be done in accounts that are out of reach.
func (f *face) tellFunctionElsewhere(one Function) {
	for _, e := range one.Elsewhere {
		fmt.Fprintf(f.Err, "%s account %s is out of reach: %s\n", f.paint(yellow, "note:"), e.Account, e.Why)
		if e.Template == "" && e.Stack != "" {
			fmt.Fprintf(f.Err, "  stack %s in %s there has to go\n", e.Stack, e.Region)
		}
		if e.Template != "" {
			fmt.Fprintf(f.Err, "  stack %s in %s there, which tells of pushes:\n%s", e.Stack, e.Region, e.Template)
		}
		for _, p := range e.Policies {
			if p.Policy == "" {
				fmt.Fprintf(f.Err, "  repository %s in %s there must no longer let in who copied\n", p.Repository, e.Region)
				continue
			}
			fmt.Fprintf(f.Err, "  repository %s in %s there must say, beside what it says already:\n%s\n", p.Repository, e.Region, p.Policy)
		}
		fmt.Fprintf(f.Err, "  who works there runs\n    %s\n", e.Command)
	}
}
