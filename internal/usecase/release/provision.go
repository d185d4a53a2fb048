package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// ProvisionQuery makes a release ready in an environment.
type ProvisionQuery struct {
	usecase.Consent
	Version     string `json:"version"`
	Environment string `json:"environment"`
}

func newProvision() usecase.Case[ProvisionQuery, *ChangeResult] {
	return usecase.Case[ProvisionQuery, *ChangeResult]{
		Name: "release.provision", Doc: "Make a release ready beside what is live, in all places at once",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: func(ctx context.Context, c *usecase.Call, q ProvisionQuery) (*ChangeResult, error) {
			return change(ctx, c, q.Consent, engine.Request{Verb: delivery.VerbProvision, Environment: q.Environment, Version: q.Version})
		},
	}
}
