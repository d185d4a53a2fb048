package inspect

import (
	"context"

	"falkirk/internal/rule"
	"falkirk/internal/usecase"
)

// WhyQuery names a release and an environment.
type WhyQuery struct {
	Version     string `json:"version"`
	Environment string `json:"environment"`
}

// WhyResult is the one thing that holds the release back.
type WhyResult = rule.Obstacle

func newWhy() usecase.Case[WhyQuery, WhyResult] {
	return usecase.Case[WhyQuery, WhyResult]{
		Name: "inspect.why", Doc: "Say the one thing that holds a release back, and the command that moves it on",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q WhyQuery) (WhyResult, error) {
			app, err := c.App(ctx)
			if err != nil {
				return WhyResult{}, err
			}
			return app.Engine.Why(ctx, q.Version, q.Environment)
		},
	}
}
