package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// PruneQuery removes old releases from an environment.
type PruneQuery struct {
	usecase.Consent
	Environment string `json:"environment"`
}

func newPrune() usecase.Case[PruneQuery, *ChangeResult] {
	return usecase.Case[PruneQuery, *ChangeResult]{
		Name: "release.prune", Doc: "Remove what is neither live nor kept",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: prune,
	}
}

// prune also tells what is live in places that the app file no longer has: nothing
// removes that.
func prune(ctx context.Context, c *usecase.Call, q PruneQuery) (*ChangeResult, error) {
	res, err := change(ctx, c, q.Consent, engine.Request{Verb: delivery.VerbPrune, Environment: q.Environment})
	if err != nil {
		return res, err
	}
	app, err := c.App(ctx)
	if err == nil {
		c.NoteOrphans(ctx, app, q.Environment)
	}
	return res, err
}
