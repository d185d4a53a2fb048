package cli

import (
	"context"
	"slices"
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
	names, err := app.Ledgers(ctx)
	if err != nil {
		return err
	}
	changed, err := app.Engine.Changed(ctx, names)
	if err != nil {
		return err
	}
	p.Damaged = addReleases(p.Damaged, changed)
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

// addReleases adds what the ledgers say of releases, where the store itself does
// not say already that they are damaged.
func addReleases(damaged, changed []delivery.BlobDamage) []delivery.BlobDamage {
	for _, c := range changed {
		if !slices.ContainsFunc(damaged, func(d delivery.BlobDamage) bool { return d.Name == c.Name }) {
			damaged = append(damaged, c)
		}
	}
	return damaged
}

func (f *face) printBlobs(p delivery.BlobProof) {
	for _, d := range p.Damaged {
		fprintf(f.Out, "%s %s", f.paint(red, d.What), d.Name)
		if d.Text != "" {
			fprintf(f.Out, ": %s", d.Text)
		}
		fprintf(f.Out, "\n")
		switch {
		case len(d.Releases) > 0:
			fprintf(f.Out, "    needed by %s\n", strings.Join(d.Releases, ", "))
		case strings.HasPrefix(d.Name, "sha256:"):
			fprintf(f.Out, "    no release needs it\n")
		}
	}
	for _, n := range p.Notes {
		fprintf(f.Out, "%s %s\n", f.paint(yellow, "note:"), n)
	}
	fprintf(f.Out, "%s read, %d bytes; %s damaged or missing\n", plural(p.Blobs, "blob", "blobs"), p.Bytes, plural(len(p.Damaged), "object is", "objects are"))
}
