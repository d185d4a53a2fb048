package cli

import "falkirk/internal/usecase/setup"

func (f *face) printFunction(r setup.FunctionRequest, one setup.Function) {
	if r.Print {
		f.printFunctionTexts(one)
		f.tellNotes(one.Notes)
		return
	}
	f.showFunction(f.Out.Write, one)
	f.tellFunctionElsewhere(one)
	switch {
	case !one.Changed && r.DryRun:
		fprintln(f.Out, "nothing was changed")
	case !one.Changed:
		fprintln(f.Out, "nothing to do")
	case r.OnlySource:
		fprintln(f.Out, f.paint(green, "done:")+" what the accounts do that images come from")
	case r.Delete:
		fprintf(f.Out, "%s function %s is gone from account %s\n", f.paint(green, "done:"), one.Name, one.Account)
	default:
		fprintf(f.Out, "%s function %s copies images into account %s, %s\n  next: aws lambda invoke --function-name %s --region %s --cli-binary-format raw-in-base64-out --payload '{\"args\":[\"sync\",\"--jobs\",\"sync.yml\"]}' /dev/stdout, to copy at once\n",
			f.paint(green, "done:"), one.Name, one.Account, one.Region, one.Name, one.Region)
	}
}

func (f *face) printFunctionTexts(one setup.Function) {
	for i, t := range one.Templates {
		if i > 0 {
			fprintln(f.plain, "---")
		}
		fprintf(f.plain, "# Stack %s in %s.\n%s", t.Stack, t.Region, block(t.Text))
	}
	for _, d := range one.Documents {
		fprintf(f.plain, "---\n# %s\n%s\n", d.For, block(d.Policy))
	}
}

// showFunction says what changes, or would.
func (f *face) showFunction(write func([]byte) (int, error), one setup.Function) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(sprintf(format, args...))) // a reader that has left is seen when the command ends
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
	if one.Decisions != "" {
		say("asks before each image for a stop and for bans: %s\n", one.Decisions)
	}
	for _, n := range one.Notes {
		say("%s %s\n", f.paint(yellow, "note:"), n)
	}
}

// tellNotes says beside what was printed what the reader must know of it.
func (f *face) tellNotes(all []string) {
	for _, n := range all {
		fprintf(f.Err, "%s %s\n", f.paint(yellow, "note:"), n)
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
func (f *face) tellFunctionElsewhere(one setup.Function) {
	for _, e := range one.Elsewhere {
		fprintf(f.Err, "%s account %s is out of reach: %s\n", f.paint(yellow, "note:"), e.Account, e.Why)
		if e.Template == "" && e.Stack != "" {
			fprintf(f.Err, "  stack %s in %s there has to go\n", e.Stack, e.Region)
		}
		if e.Template != "" {
			fprintf(f.Err, "  stack %s in %s there, which tells of pushes:\n%s", e.Stack, e.Region, block(e.Template))
		}
		for _, p := range e.Policies {
			what := resourceOf(p.Repository, p.Bucket)
			if p.Policy == "" {
				fprintf(f.Err, "  the policy of %s in %s there must no longer let the function in\n", what, e.Region)
				continue
			}
			fprintf(f.Err, "  the policy of %s in %s there must have these statements, too:\n%s\n", what, e.Region, block(p.Policy))
		}
		fprintf(f.Err, "  who works there runs\n    %s\n", e.Command)
	}
}
