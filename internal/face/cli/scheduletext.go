package cli

import (
	"fmt"

	"falkirk/internal/usecase/setup"
)

func (f *face) printSchedule(r setup.ScheduleRequest, s setup.Schedule) {
	switch {
	case r.Print:
		fmt.Fprint(f.plain, s.Manifests)
		f.tellNotes(s.Notes)
		return
	case r.Into != "":
		for _, name := range s.Files {
			fprintln(f.Out, "wrote", name)
		}
		fprintf(f.Out, "  next: kubectl apply -k %s, or name the folder in your own kustomization\n", r.Into)
		f.tellNotes(s.Notes)
		return
	case r.PrintPolicies:
		for i, d := range s.Documents {
			if i > 0 {
				fprintln(f.Out)
			}
			fprintf(f.plain, "# %s\n%s\n", d.For, block(d.Policy))
		}
		f.tellNotes(s.Notes)
		return
	}
	f.showSchedule(f.Out.Write, s)
	f.tellElsewhere(s)
	switch {
	case !s.Changed && r.DryRun:
		fprintln(f.Out, "nothing was changed")
	case !s.Changed:
		fprintln(f.Out, "nothing to do")
	case r.OnlySource:
		fprintln(f.Out, f.paint(green, "done:")+" the policies of the repositories")
	case r.Delete:
		fprintf(f.Out, "%s %s is no longer copied in cluster %s\n", f.paint(green, "done:"), s.App, s.Cluster)
	default:
		fprintf(f.Out, "%s cluster %s copies from %s to %s (%s)\n  next: kubectl create job --namespace %s --from=cronjob/%s %s-now, to copy at once\n",
			f.paint(green, "done:"), s.Cluster, s.Source, s.Destination, s.Schedule, s.Namespace, s.Name, s.Name)
	}
}

// showSync says what changes, or would.
func (f *face) showSchedule(write func([]byte) (int, error), s setup.Schedule) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(sprintf(format, args...))) // a reader that has left is seen when the command ends
	}
	for _, one := range s.Repositories {
		say("repository\n  %s %s\n", f.paint(green, "+"), one)
	}
	for _, one := range s.Policies {
		say("policy of %s\n", one.Resource)
		for _, st := range one.Statements {
			say("  %s statement %s\n", f.paint(signColor(st.Sign), st.Sign), st.Sid)
		}
	}
	if s.PodIdentity != "" {
		say("role of service account %s/%s in EKS\n  %s\n", s.Namespace, s.Name, s.PodIdentity)
	}
	if len(s.Objects) > 0 {
		say("namespace %s of cluster %s\n", s.Namespace, s.Cluster)
	}
	for _, o := range s.Objects {
		say("  %s %s %s\n", f.paint(signColor(o.Sign), o.Sign), o.Kind, o.Name)
		for _, field := range o.Fields {
			say("      %s: %s → %s\n", field.Path, orDash(field.From), orDash(field.To))
		}
	}
	if s.Decisions != "" {
		say("asks before each image for a stop and for bans: %s\n", s.Decisions)
	}
	for _, n := range s.Notes {
		say("%s %s\n", f.paint(yellow, "note:"), n)
	}
}

// tellElsewhere says what has to be done in accounts that are out of reach.
func (f *face) tellElsewhere(s setup.Schedule) {
	for _, e := range s.Elsewhere {
		fprintf(f.Err, "%s account %s is out of reach: %s\n", f.paint(yellow, "note:"), e.Account, e.Why)
		what := resourceOf(e.Repository, e.Bucket)
		if e.Policy == "" {
			fprintf(f.Err, "  the policy of %s there must no longer let the pod in; who works there runs\n    %s\n", what, e.Command)
			continue
		}
		fprintf(f.Err, "  the policy of %s in %s there must have these statements, too:\n%s\n  who works there runs\n    %s\n", what, e.Region, block(e.Policy), e.Command)
	}
}
