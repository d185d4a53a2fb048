package release

import (
	"context"

	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// ConvergeQuery finishes what is missing in an environment.
type ConvergeQuery struct {
	usecase.Consent
	Environment string `json:"environment"`
	Override    string `json:"override,omitempty"` // why a freeze is set aside
}

func newConverge() usecase.Case[ConvergeQuery, *engine.Leg] {
	return usecase.Case[ConvergeQuery, *engine.Leg]{
		Name: "release.converge", Doc: "Finish what is missing: a run that was begun, or places that miss what is live",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: converge,
	}
}

// converge gives nil for a leg that was not begun.
func converge(ctx context.Context, c *usecase.Call, q ConvergeQuery) (*engine.Leg, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	req := engine.Request{Environment: q.Environment, Actor: c.Actor, Override: q.Override}
	err = mayChange(app, q.Consent, func() (string, error) { return app.Engine.ConvergeDigest(ctx, req) }, q.Environment)
	if err != nil {
		return nil, err
	}
	app.Tidy()
	req.Agreed = q.Plan
	leg, err := app.Engine.Converge(ctx, req)
	return &leg, err
}
