package inspect

import (
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// mostDoubts is how many entries the text names for each ledger; JSON has all.
const mostDoubts = 20

func printProofs(f *ui.Face, all []delivery.Proof) {
	for _, p := range all {
		printProof(f, p)
		for _, list := range [][]delivery.Doubt{p.Doubts, p.Strays, p.Unsigned} {
			printEntries(f, list)
		}
		if a := p.Accepted; a != nil {
			ui.Fprintf(f.Out, "    entry %d: %s signed the ledger as it was, with %s not signed before: %s\n", a.Number, a.By, fault.Count(a.Doubts, "entry", "entries"), a.Reason)
		}
		for _, n := range p.Notes {
			ui.Fprintf(f.Out, "    %s %s\n", f.Paint(ui.Yellow, "note:"), n)
		}
	}
}

func printEntries(f *ui.Face, all []delivery.Doubt) {
	for _, d := range all[:min(mostDoubts, len(all))] {
		ui.Fprintf(f.Out, "    %s\n", d.Text)
	}
	if more := len(all) - mostDoubts; more > 0 {
		ui.Fprintf(f.Out, "    and %d more; --output json has all\n", more)
	}
}

func printProof(f *ui.Face, p delivery.Proof) {
	name := where(delivery.Operation{Environment: p.Environment})
	switch {
	case p.Broken != nil:
		ui.Fprintf(f.Out, "%s %s: entry %d was %s, %s\n    %s\n", f.Paint(ui.Red, "broken"), name, p.Broken.Number, p.Broken.What, p.Broken.Key, p.Broken.Text)
	case len(p.Doubts) > 0:
		ui.Fprintf(f.Out, "%s %s: %d of %s must be signed and no signature of them counts\n", f.Paint(ui.Red, "unsigned"), name,
			len(p.Doubts), fault.Count(p.Entries, "entry", "entries"))
	case len(p.Strays) > 0:
		ui.Fprintf(f.Out, "%s %s: %d of %s of no operation that was open, which count for nothing\n", f.Paint(ui.Red, "stray"), name,
			len(p.Strays), fault.Count(p.Entries, "entry", "entries"))
	case p.Entries == 0:
		ui.Fprintf(f.Out, "%s %s: no entries yet\n", f.Paint(ui.Green, "whole"), name)
	default:
		ui.Fprintf(f.Out, "%s %s: %s, the last has the hash %s%s\n", f.Paint(ui.Green, "whole"), name,
			fault.Count(p.Entries, "entry", "entries"), ui.Short(p.Hash), signedBy(p))
	}
}

// signedBy says who signed how many entries, and what the anchor proved.
func signedBy(p delivery.Proof) string {
	var all []string
	for _, s := range p.Signers {
		all = append(all, ui.Sprintf("%d signed by %s", s.Entries, s.By))
	}
	if p.Anchored > 0 {
		all = append(all, ui.Sprintf("entry %d is that of the anchor", p.Anchored))
	}
	if len(all) == 0 {
		return ""
	}
	return "; " + strings.Join(all, ", ")
}
