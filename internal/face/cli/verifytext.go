package cli

import (
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// mostDoubts is how many entries the text names for each ledger; JSON has all.
const mostDoubts = 20

func (f *face) printProofs(all []delivery.Proof) {
	for _, p := range all {
		f.printProof(p)
		for _, list := range [][]delivery.Doubt{p.Doubts, p.Strays, p.Unsigned} {
			f.printEntries(list)
		}
		if a := p.Accepted; a != nil {
			fprintf(f.Out, "    entry %d: %s signed the ledger as it was, with %s not signed before: %s\n", a.Number, a.By, fault.Count(a.Doubts, "entry", "entries"), a.Reason)
		}
		for _, n := range p.Notes {
			fprintf(f.Out, "    %s %s\n", f.paint(yellow, "note:"), n)
		}
	}
}

func (f *face) printEntries(all []delivery.Doubt) {
	for _, d := range all[:min(mostDoubts, len(all))] {
		fprintf(f.Out, "    %s\n", d.Text)
	}
	if more := len(all) - mostDoubts; more > 0 {
		fprintf(f.Out, "    and %d more; --output json has all\n", more)
	}
}

func (f *face) printProof(p delivery.Proof) {
	name := where(delivery.Operation{Environment: p.Environment})
	switch {
	case p.Broken != nil:
		fprintf(f.Out, "%s %s: entry %d was %s, %s\n    %s\n", f.paint(red, "broken"), name, p.Broken.Number, p.Broken.What, p.Broken.Key, p.Broken.Text)
	case len(p.Doubts) > 0:
		fprintf(f.Out, "%s %s: %d of %s must be signed and no signature of them counts\n", f.paint(red, "unsigned"), name,
			len(p.Doubts), fault.Count(p.Entries, "entry", "entries"))
	case len(p.Strays) > 0:
		fprintf(f.Out, "%s %s: %d of %s of no operation that was open, which count for nothing\n", f.paint(red, "stray"), name,
			len(p.Strays), fault.Count(p.Entries, "entry", "entries"))
	case p.Entries == 0:
		fprintf(f.Out, "%s %s: no entries yet\n", f.paint(green, "whole"), name)
	default:
		fprintf(f.Out, "%s %s: %s, the last has the hash %s%s\n", f.paint(green, "whole"), name,
			fault.Count(p.Entries, "entry", "entries"), short(p.Hash), signedBy(p))
	}
}

// signedBy says who signed how many entries, and what the anchor proved.
func signedBy(p delivery.Proof) string {
	var all []string
	for _, s := range p.Signers {
		all = append(all, sprintf("%d signed by %s", s.Entries, s.By))
	}
	if p.Anchored > 0 {
		all = append(all, sprintf("entry %d is that of the anchor", p.Anchored))
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, ", ")
}
