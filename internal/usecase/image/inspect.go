package image

import (
	"context"

	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

// InspectQuery names an image.
type InspectQuery struct {
	Image string `json:"image"` // reference
	Access
}

// InspectResult is what there is to say of the image.
type InspectResult = images.Image

func newInspect(open Opener) usecase.Case[InspectQuery, InspectResult] {
	return usecase.Case[InspectQuery, InspectResult]{
		Name: "image.inspect", Doc: "Show an image: its platforms, layers, settings, and what refers to it",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q InspectQuery) (InspectResult, error) {
			tool, err := q.tool(ctx, c, open)
			if err != nil {
				return InspectResult{}, err
			}
			return tool.Inspect(ctx, q.Image)
		},
	}
}
