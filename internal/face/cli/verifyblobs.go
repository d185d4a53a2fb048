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
	p, readErr := app.Audit(ctx)
	changed, changedErr := changedReleases(ctx, app)
	p.Damaged = addReleases(p.Damaged, changed)
	if p.Damaged == nil {
		p.Damaged = []delivery.BlobDamage{}
	}
	v.doc.Result = p
	if err := v.text(func() { v.printBlobs(p) }); err != nil {
		return err
	}
	for _, err := range []error{damaged(p), readErr, changedErr} {
		if err != nil {
			return err
		}
	}
	return unread(p)
}

func changedReleases(ctx context.Context, app *App) ([]delivery.BlobDamage, error) {
	names, _, err := app.Ledgers(ctx)
	if err != nil {
		return nil, err
	}
	return app.Engine.Changed(ctx, names)
}

// damaged is the error for a store that is not as it was written.
func damaged(p delivery.BlobProof) error {
	if len(p.Damaged) == 0 {
		return nil
	}
	first := p.Damaged[0]
	err := fault.New(fault.Tampered, "the store is not as it was written: %s is %s", first.Name, first.What)
	return fault.Hint(err, "falkirk pack of the same content writes a blob again; restore a release from a copy")
}

// unread is the error for a store of which a part could not be read.
func unread(p delivery.BlobProof) error {
	if len(p.Unread) == 0 {
		return nil
	}
	first := p.Unread[0]
	err := fault.New(fault.Refused, "%s not read, and nothing is known of what is there: %s: %s",
		plural(len(p.Unread), "object was", "objects were"), first.Name, first.Text)
	return fault.Hint(err, "repeat it with credentials that may read the whole store")
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
		rest = "; " + plural(len(p.Unread), "object was", "objects were") + " not read"
	}
	fprintf(f.Out, "%s read, %d bytes; %s damaged or missing%s\n", plural(p.Blobs, "blob", "blobs"), p.Bytes, plural(len(p.Damaged), "object is", "objects are"), rest)
}
