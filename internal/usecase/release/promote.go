package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// PromoteQuery makes a release live in an environment.
type PromoteQuery struct {
	usecase.Consent
	Version     string `json:"version"`
	Environment string `json:"environment"`
	SkipOrder   string `json:"skipOrder,omitempty"` // why the order of environments is set aside
	Override    string `json:"override,omitempty"`  // why a freeze is set aside
}

func newPromote() usecase.Case[PromoteQuery, *ChangeResult] {
	return usecase.Case[PromoteQuery, *ChangeResult]{
		Name: "release.promote", Doc: "Make a provisioned release live",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: func(ctx context.Context, c *usecase.Call, q PromoteQuery) (*ChangeResult, error) {
			return change(ctx, c, q.Consent, engine.Request{
				Verb: delivery.VerbPromote, Environment: q.Environment, Version: q.Version, Reason: q.SkipOrder, Override: q.Override,
			})
		},
	}
}
