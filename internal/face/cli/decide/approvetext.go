package decide

import (
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/decide"
)

// PrintReview prints what a person is asked about.
func (w *Word) PrintReview(seen decide.Review) {
	if seen.Unmade != "" {
		ui.Fprintf(w.Out, "plan %s of %s in %s cannot be made again: %s\n", ui.Short(seen.Plan.Digest), seen.Operation.Heading(), seen.Operation.Environment, seen.Unmade)
	} else {
		w.PrintPlan(seen.Plan.Plan, seen.Plan.Digest)
	}
	ui.Fprintf(w.Out, "asked for by %s", ui.OrDash(seen.AskedBy))
	if seen.PackedBy != "" {
		ui.Fprintf(w.Out, "; packed by %s", seen.PackedBy)
	}
	ui.Fprintln(w.Out)
	for _, t := range seen.Gates {
		ui.Fprintf(w.Out, "gate %s: %s\n", t.Gate, t.Reason)
	}
	ui.Fprintln(w.Out)
}

// PrintSaid prints what was said, and what the gates say to it.
func (w *Word) PrintSaid(said decide.WordResult) {
	if said.Changed {
		ui.Fprintf(w.Out, "%s %s\n", w.Paint(ui.Green, "done:"), ui.Spoken(said.Approval))
	} else {
		ui.Fprintf(w.Out, "nothing to do: %s\n", ui.Spoken(said.Approval))
	}
	for _, t := range said.Gates {
		p := ui.Progress{Face: w.Face}
		ui.Fprintf(w.Out, "gate %s is %s: %s\n", t.Gate, p.Answer(t.Answer), t.Reason)
	}
	if said.Next != "" && !w.goOn {
		ui.Fprintf(w.Out, "next: %s\n", said.Next)
	}
}
