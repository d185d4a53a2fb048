package setup

import (
	"fmt"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/setup"
)

func printSchedule(f *ui.Face, r setup.ScheduleRequest, s setup.Schedule) {
	switch {
	case r.Print:
		fmt.Fprint(f.Plain, s.Manifests)
		tellNotes(f, s.Notes)
		return
	case r.Into != "":
		for _, name := range s.Files {
			ui.Fprintln(f.Out, "wrote", name)
		}
		ui.Fprintf(f.Out, "  next: kubectl apply -k %s, or name the folder in your own kustomization\n", r.Into)
		tellNotes(f, s.Notes)
		return
	case r.PrintPolicies:
		for i, d := range s.Documents {
			if i > 0 {
				ui.Fprintln(f.Out)
			}
			ui.Fprintf(f.Plain, "# %s\n%s\n", d.For, ui.Block(d.Policy))
		}
		tellNotes(f, s.Notes)
		return
	}
	ShowSchedule(f, f.Out.Write, s)
	tellElsewhere(f, s)
	switch {
	case !s.Changed && r.DryRun:
		ui.Fprintln(f.Out, "nothing was changed")
	case !s.Changed:
		ui.Fprintln(f.Out, "nothing to do")
	case r.OnlySource:
		ui.Fprintln(f.Out, f.Paint(ui.Green, "done:")+" the policies of the repositories")
	case r.Delete:
		ui.Fprintf(f.Out, "%s %s is no longer copied in cluster %s\n", f.Paint(ui.Green, "done:"), s.App, s.Cluster)
	default:
		ui.Fprintf(f.Out, "%s cluster %s copies from %s to %s (%s)\n  next: kubectl create job --namespace %s --from=cronjob/%s %s-now, to copy at once\n",
			f.Paint(ui.Green, "done:"), s.Cluster, s.Source, s.Destination, s.Schedule, s.Namespace, s.Name, s.Name)
	}
}

// showSync says what changes, or would.
func ShowSchedule(f *ui.Face, write func([]byte) (int, error), s setup.Schedule) {
	say := func(format string, args ...any) {
		_, _ = write([]byte(ui.Sprintf(format, args...))) // a reader that has left is seen when the command ends
	}
	for _, one := range s.Repositories {
		say("repository\n  %s %s\n", f.Paint(ui.Green, "+"), one)
	}
	for _, one := range s.Policies {
		say("policy of %s\n", one.Resource)
		for _, st := range one.Statements {
			say("  %s statement %s\n", f.Paint(signColor(st.Sign), st.Sign), st.Sid)
		}
	}
	if s.PodIdentity != "" {
		say("role of service account %s/%s in EKS\n  %s\n", s.Namespace, s.Name, s.PodIdentity)
	}
	if len(s.Objects) > 0 {
		say("namespace %s of cluster %s\n", s.Namespace, s.Cluster)
	}
	for _, o := range s.Objects {
		say("  %s %s %s\n", f.Paint(signColor(o.Sign), o.Sign), o.Kind, o.Name)
		for _, field := range o.Fields {
			say("      %s: %s → %s\n", field.Path, ui.OrDash(field.From), ui.OrDash(field.To))
		}
	}
	if s.Decisions != "" {
		say("asks before each image for a stop and for bans: %s\n", s.Decisions)
	}
	for _, n := range s.Notes {
		say("%s %s\n", f.Paint(ui.Yellow, "note:"), n)
	}
}

// tellElsewhere says what has to be done in accounts that are out of reach.
func tellElsewhere(f *ui.Face, s setup.Schedule) {
	for _, e := range s.Elsewhere {
		ui.Fprintf(f.Err, "%s account %s is out of reach: %s\n", f.Paint(ui.Yellow, "note:"), e.Account, e.Why)
		what := resourceOf(e.Repository, e.Bucket)
		if e.Policy == "" {
			ui.Fprintf(f.Err, "  the policy of %s there must no longer let the pod in; who works there runs\n    %s\n", what, e.Command)
			continue
		}
		ui.Fprintf(f.Err, "  the policy of %s in %s there must have these statements, too:\n%s\n  who works there runs\n    %s\n", what, e.Region, ui.Block(e.Policy), e.Command)
	}
}
