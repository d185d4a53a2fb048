package cli

import (
	"context"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// proveBlobs reads every blob of the store.
func (v *verification) proveBlobs(ctx context.Context, app *App, args []string) error {
	if len(args) > 0 {
		return fault.New(fault.Invalid, "blobs belong to no environment: give --blobs without %s", args[0])
	}
	p, err := app.Audit(ctx)
	if err != nil {
		return err
	}
	if p.Damaged == nil {
		p.Damaged = []delivery.BlobDamage{}
	}
	v.doc.Result = p
	if err := v.text(func() { v.printBlobs(p) }); err != nil || len(p.Damaged) == 0 {
		return err
	}
	first := p.Damaged[0]
	err = fault.New(fault.Tampered, "the store is not as it was written: %s is %s", first.Name, first.What)
	return fault.Hint(err, "falkirk pack of the same content writes a blob again; restore a release from a copy")
}

func (f *face) printBlobs(p delivery.BlobProof) {
	for _, d := range p.Damaged {
		fprintf(f.Out, "%s %s", f.paint(red, d.What), d.Name)
		if d.Text != "" {
			fprintf(f.Out, ": %s", d.Text)
		}
		if len(d.Releases) > 0 {
			fprintf(f.Out, "\n    needed by %s\n", strings.Join(d.Releases, ", "))
		} else {
			fprintf(f.Out, "\n    no release needs it\n")
		}
	}
	for _, n := range p.Notes {
		fprintf(f.Out, "%s %s\n", f.paint(yellow, "note:"), n)
	}
	fprintf(f.Out, "%s read, %d bytes; %s damaged or missing\n", plural(p.Blobs, "blob", "blobs"), p.Bytes, plural(len(p.Damaged), "object is", "objects are"))
}
