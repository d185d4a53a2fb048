package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// ListQuery asks for every release.
type ListQuery struct{}

// ListResult is every release that was packed.
type ListResult []delivery.Release

func newList() usecase.Case[ListQuery, ListResult] {
	return usecase.Case[ListQuery, ListResult]{
		Name: "release.list", Doc: "List the releases that were packed",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, _ ListQuery) (ListResult, error) {
			app, err := c.App(ctx)
			if err != nil {
				return nil, err
			}
			all, err := app.Releases.List(ctx, app.File.App.Name)
			if err != nil {
				return nil, err
			}
			return append(ListResult{}, all...), nil
		},
	}
}

// ShowQuery names a release.
type ShowQuery struct {
	Version string `json:"version"`
}

func newShow() usecase.Case[ShowQuery, delivery.Release] {
	return usecase.Case[ShowQuery, delivery.Release]{
		Name: "release.show", Doc: "Show what is in a release",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q ShowQuery) (delivery.Release, error) {
			app, err := c.App(ctx)
			if err != nil {
				return delivery.Release{}, err
			}
			return app.Releases.Get(ctx, app.File.App.Name, q.Version)
		},
	}
}
