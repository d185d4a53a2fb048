package inspect

import (
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// needs says which releases need a blob; "" of what is no blob.
func needs(d delivery.BlobDamage) string {
	list := strings.Join(d.Releases, ", ")
	switch {
	case list != "" && d.Unknown:
		return "needed by " + list + "; it is not known whether others need it"
	case list != "":
		return "needed by " + list
	case !strings.HasPrefix(d.Name, "sha256:"):
		return ""
	case d.Unknown:
		return "it is not known whether a release needs it"
	}
	return "no release needs it"
}

func printBlobs(f *ui.Face, p delivery.BlobProof) {
	for _, d := range p.Damaged {
		ui.Fprintf(f.Out, "%s %s", f.Paint(ui.Red, d.What), d.Name)
		if d.Text != "" {
			ui.Fprintf(f.Out, ": %s", d.Text)
		}
		ui.Fprintf(f.Out, "\n")
		if text := needs(d); text != "" {
			ui.Fprintf(f.Out, "    %s\n", text)
		}
	}
	for _, d := range p.Unread {
		ui.Fprintf(f.Out, "%s %s: %s\n", f.Paint(ui.Red, d.What), d.Name, d.Text)
	}
	for _, n := range p.Notes {
		ui.Fprintf(f.Out, "%s %s\n", f.Paint(ui.Yellow, "note:"), n)
	}
	rest := ""
	if len(p.Unread) > 0 {
		rest = "; " + fault.Count(len(p.Unread), "object was", "objects were") + " not read"
	}
	ui.Fprintf(f.Out, "%s read, %d bytes; %s damaged or missing%s\n", fault.Count(p.Blobs, "blob", "blobs"), p.Bytes, fault.Count(len(p.Damaged), "object is", "objects are"), rest)
}
