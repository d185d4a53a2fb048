package image

import (
	"context"

	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

// TagQuery asks for tags on images.
type TagQuery struct {
	Tags   []images.NewTag `json:"tags"`
	DryRun bool            `json:"dryRun,omitempty"`
	Access
}

// ChangesNothing reports whether only what would be done is asked for.
func (q TagQuery) ChangesNothing() bool { return q.DryRun }

// TagResult is what became of each tag, also of those that were there.
type TagResult []images.Tagged

func newTag(open Opener) usecase.Case[TagQuery, TagResult] {
	return usecase.Case[TagQuery, TagResult]{
		Name: "image.tag", Doc: "Put further tags on images in their registries",
		Effect: usecase.Writes, Reach: usecase.Anywhere, Needs: usecase.Pack,
		Do: func(ctx context.Context, c *usecase.Call, q TagQuery) (TagResult, error) {
			if len(q.Tags) == 0 {
				return nil, fault.New(fault.Invalid, "no image is named that gets a tag")
			}
			tool, err := q.tool(ctx, c, open)
			if err != nil {
				return nil, err
			}
			return tool.Tag(ctx, q.Tags, q.DryRun)
		},
	}
}
