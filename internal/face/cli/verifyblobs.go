package cli

import (
	"strings"

	"falkirk/internal/delivery"
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

func (f *face) printBlobs(p delivery.BlobProof) {
	for _, d := range p.Damaged {
		fprintf(f.Out, "%s %s", f.paint(red, d.What), d.Name)
		if d.Text != "" {
			fprintf(f.Out, ": %s", d.Text)
		}
		fprintf(f.Out, "\n")
		if text := needs(d); text != "" {
			fprintf(f.Out, "    %s\n", text)
		}
	}
	for _, d := range p.Unread {
		fprintf(f.Out, "%s %s: %s\n", f.paint(red, d.What), d.Name, d.Text)
	}
	for _, n := range p.Notes {
		fprintf(f.Out, "%s %s\n", f.paint(yellow, "note:"), n)
	}
	rest := ""
	if len(p.Unread) > 0 {
		rest = "; " + fault.Count(len(p.Unread), "object was", "objects were") + " not read"
	}
	fprintf(f.Out, "%s read, %d bytes; %s damaged or missing%s\n", fault.Count(p.Blobs, "blob", "blobs"), p.Bytes, fault.Count(len(p.Damaged), "object is", "objects are"), rest)
}
