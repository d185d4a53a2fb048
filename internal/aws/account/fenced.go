package account

import (
	"context"

	"github.com/aws/smithy-go/middleware"

	"falkirk/internal/fence"
)

// fenced is the last step of every call, after it was signed: it checks the
// fence of the operation that makes the call, for each attempt.
func fenced(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("fence", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		ctx, err := fence.Trace(ctx)
		if err != nil {
			return middleware.DeserializeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleDeserialize(ctx, in)
	}), middleware.After)
}
