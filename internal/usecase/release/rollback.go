package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// RollbackQuery promotes a release that was live before.
type RollbackQuery struct {
	usecase.Consent
	Environment string `json:"environment"`
	Version     string `json:"version,omitempty"` // empty: the one before
	Reason      string `json:"reason,omitempty"`
}

func newRollback() usecase.Case[RollbackQuery, *ChangeResult] {
	return usecase.Case[RollbackQuery, *ChangeResult]{
		Name: "release.rollback", Doc: "Promote the release that was live before",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: func(ctx context.Context, c *usecase.Call, q RollbackQuery) (*ChangeResult, error) {
			return change(ctx, c, q.Consent, engine.Request{Verb: delivery.VerbRollback, Environment: q.Environment, Version: q.Version, Reason: q.Reason})
		},
	}
}
