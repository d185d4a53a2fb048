package inspect

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// AnchorQuery asks for one ledger, or for all.
type AnchorQuery struct {
	Environment string `json:"environment,omitempty"`
}

// AnchorResult is the last entry of each ledger.
type AnchorResult []delivery.Anchor

func newAnchor() usecase.Case[AnchorQuery, AnchorResult] {
	return usecase.Case[AnchorQuery, AnchorResult]{
		Name: "inspect.anchor", Doc: "Give the number and the hash of the last entry of each ledger, to keep elsewhere",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: anchor,
	}
}

func anchor(ctx context.Context, c *usecase.Call, q AnchorQuery) (AnchorResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	names, err := ledgersToRead(ctx, c, app, q.Environment)
	if err != nil {
		return nil, err
	}
	all := AnchorResult{}
	for _, name := range names {
		a, err := app.Ledger(name).Anchor(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}
