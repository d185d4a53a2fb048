package image

import (
	"context"

	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

// CopyQuery asks for a copy of one image.
type CopyQuery struct {
	images.CopyRequest
	Access
}

// CopyResult is what the copy came to.
type CopyResult = images.Copied

func newCopy(open Opener) usecase.Case[CopyQuery, CopyResult] {
	return usecase.Case[CopyQuery, CopyResult]{
		Name: "image.copy", Doc: "Copy one image from registry to registry",
		Effect: usecase.Writes, Reach: usecase.Anywhere, Needs: usecase.Pack,
		Do: func(ctx context.Context, c *usecase.Call, q CopyQuery) (CopyResult, error) {
			tool, err := q.tool(ctx, c, open)
			if err != nil {
				return CopyResult{}, err
			}
			return tool.Copy(ctx, q.CopyRequest, c.Copying)
		},
	}
}
