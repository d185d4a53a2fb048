package cli

import (
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

func anySigned(gates []Tally) bool {
	return slices.ContainsFunc(gates, func(t Tally) bool { return t.Signed })
}

func allOpen(gates []Tally) bool {
	return !slices.ContainsFunc(gates, func(t Tally) bool { return t.Answer != delivery.Open })
}

// before is what that person said already, if saying it again adds nothing.
func (w *word) before(m matter, gates []Tally, who string) (delivery.Approval, bool) {
	var last *delivery.Signed
	for i, s := range m.rec.Approvals {
		if s.By == who && s.Plan == m.digest && !ignoredBy(s, gates) && (last == nil || !s.At.Before(last.At)) {
			last = &m.rec.Approvals[i]
		}
	}
	if last == nil || last.Rejects != w.rejects {
		return delivery.Approval{}, false
	}
	return last.Approval, true
}

// ignoredBy reports whether a word says nothing to any gate, so that it may be
// said again.
func ignoredBy(s delivery.Signed, gates []Tally) bool {
	return !slices.ContainsFunc(gates, func(t Tally) bool {
		i := slices.IndexFunc(t.Ignored, func(x Ignored) bool { return x.Operation == s.Operation })
		return i < 0 || s.Rejects && !t.Ignored[i].Void
	})
}

// counts refuses a word that no gate would count, before it is written.
func counts(s delivery.Signed, gates []Tally) error {
	why := ""
	for _, t := range gates {
		i := slices.IndexFunc(t.Ignored, func(x Ignored) bool { return x.Operation == s.Operation })
		switch {
		case i >= 0 && (t.Ignored[i].Void || !s.Rejects):
			why = sprintf("gate %s does not count it: %s", t.Gate, t.Ignored[i].Why)
		case !s.Rejects && t.Answer == delivery.Shut:
			why = sprintf("gate %s is closed: %s", t.Gate, t.Reason)
		default:
			return nil
		}
	}
	verb, next := "approved", "a person who may approve: falkirk approve %s; falkirk approvals %s shows who is asked"
	if s.Rejects {
		verb, next = "rejected", "a person who is asked: falkirk reject %s --reason TEXT; falkirk approvals %s shows who is asked"
	}
	return fault.Hint(fault.New(fault.Refused, "not %s, and nothing was written: %s", verb, why), next, s.Environment, s.Environment)
}

// spoken is a word as a sentence.
func spoken(a delivery.Approval) string {
	verb := "approves"
	if a.Rejects {
		verb = "rejects"
	}
	line := sprintf("%s %s plan %s for %s in %s", a.By, verb, short(a.Plan), orNothing(a.Version), a.Environment)
	if a.Signature != "" {
		line += ", signed"
	}
	if a.Until != nil {
		line += ", until " + moment(*a.Until)
	}
	return line
}

func (w *word) printMatter(m matter, gates []Tally) {
	if m.unmade != nil {
		fprintf(w.Out, "plan %s of %s in %s cannot be made again: %s\n", short(m.digest), heading(m.op), m.env.Name, m.unmade)
	} else {
		w.printPlan(m.plan, m.digest)
	}
	fprintf(w.Out, "asked for by %s", orDash(m.askedBy))
	if m.packedBy != "" {
		fprintf(w.Out, "; packed by %s", m.packedBy)
	}
	fprintln(w.Out)
	for _, t := range gates {
		fprintf(w.Out, "gate %s: %s\n", t.Gate, t.Reason)
	}
	fprintln(w.Out)
}

func (w *word) printGates(doc assentDocument) {
	for _, t := range doc.Gates {
		p := progress{face: w.face}
		fprintf(w.Out, "gate %s is %s: %s\n", t.Gate, p.answer(t.Answer), t.Reason)
	}
	if doc.Next != "" && !w.goOn {
		fprintf(w.Out, "next: %s\n", doc.Next)
	}
}
