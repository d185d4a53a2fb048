package image

import (
	"context"

	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

// ListQuery names a registry or a repository.
type ListQuery struct {
	At string `json:"at"` // "HOST", "ecr:REGION" or "HOST/REPOSITORY"
	Access
}

// ListResult is the repositories of the registry, or the tags of the repository.
type ListResult []images.Listed

func newList(open Opener) usecase.Case[ListQuery, ListResult] {
	return usecase.Case[ListQuery, ListResult]{
		Name: "image.list", Doc: "List the repositories of a registry, or the tags of a repository with their digests",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q ListQuery) (ListResult, error) {
			tool, err := q.tool(ctx, c, open)
			if err != nil {
				return nil, err
			}
			return tool.List(ctx, q.At)
		},
	}
}
