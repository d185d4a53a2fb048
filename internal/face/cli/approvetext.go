package cli

import (
	"falkirk/internal/usecase/decide"
)

// printReview prints what a person is asked about.
func (w *word) printReview(seen decide.Review) {
	if seen.Unmade != "" {
		fprintf(w.Out, "plan %s of %s in %s cannot be made again: %s\n", short(seen.Plan.Digest), seen.Operation.Heading(), seen.Operation.Environment, seen.Unmade)
	} else {
		w.printPlan(seen.Plan.Plan, seen.Plan.Digest)
	}
	fprintf(w.Out, "asked for by %s", orDash(seen.AskedBy))
	if seen.PackedBy != "" {
		fprintf(w.Out, "; packed by %s", seen.PackedBy)
	}
	fprintln(w.Out)
	for _, t := range seen.Gates {
		fprintf(w.Out, "gate %s: %s\n", t.Gate, t.Reason)
	}
	fprintln(w.Out)
}

// printSaid prints what was said, and what the gates say to it.
func (w *word) printSaid(said decide.WordResult) {
	if said.Changed {
		fprintf(w.Out, "%s %s\n", w.paint(green, "done:"), spoken(said.Approval))
	} else {
		fprintf(w.Out, "nothing to do: %s\n", spoken(said.Approval))
	}
	for _, t := range said.Gates {
		p := progress{face: w.face}
		fprintf(w.Out, "gate %s is %s: %s\n", t.Gate, p.answer(t.Answer), t.Reason)
	}
	if said.Next != "" && !w.goOn {
		fprintf(w.Out, "next: %s\n", said.Next)
	}
}
