package inspect

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// VerifyBlobsQuery asks for every blob of the store.
type VerifyBlobsQuery struct{}

func newVerifyBlobs() usecase.Case[VerifyBlobsQuery, delivery.BlobProof] {
	return usecase.Case[VerifyBlobsQuery, delivery.BlobProof]{
		Name: "inspect.verify-blobs", Doc: "Read every blob of the store, and name what is damaged or missing and which releases need it",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: verifyBlobs,
	}
}

// verifyBlobs gives what was found also with an error.
func verifyBlobs(ctx context.Context, c *usecase.Call, _ VerifyBlobsQuery) (delivery.BlobProof, error) {
	app, err := c.App(ctx)
	if err != nil {
		return delivery.BlobProof{}, err
	}
	p, readErr := app.Audit(ctx)
	changed, changedErr := changedReleases(ctx, app)
	p.Damaged = addReleases(p.Damaged, changed)
	if p.Damaged == nil {
		p.Damaged = []delivery.BlobDamage{}
	}
	for _, err := range []error{damaged(p), readErr, changedErr} {
		if err != nil {
			return p, err
		}
	}
	return p, unread(p)
}

func changedReleases(ctx context.Context, app *usecase.App) ([]delivery.BlobDamage, error) {
	names, _, err := app.Ledgers(ctx)
	if err != nil {
		return nil, err
	}
	return app.Engine.Changed(ctx, names)
}

// addReleases adds what the ledgers say about releases, where the store itself does
// not say already that they are damaged.
func addReleases(damaged, changed []delivery.BlobDamage) []delivery.BlobDamage {
	for _, c := range changed {
		if !slices.ContainsFunc(damaged, func(d delivery.BlobDamage) bool { return d.Name == c.Name }) {
			damaged = append(damaged, c)
		}
	}
	return damaged
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
	many := fmt.Sprintf("%d objects were", len(p.Unread))
	switch len(p.Unread) {
	case 0:
		return nil
	case 1:
		many = "1 object was"
	}
	first := p.Unread[0]
	err := fault.New(fault.Refused, "%s not read, and nothing is known of what is there: %s: %s", many, first.Name, first.Text)
	return fault.Hint(err, "repeat it with credentials that may read the whole store")
}
