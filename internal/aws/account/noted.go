package account

import (
	"context"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
)

// noted notes each attempt of a call that changes something, or may have.
func noted(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("noted", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, meta, err := next.HandleDeserialize(ctx, in)
		method, status := http.MethodPost, 0
		if onlyReads(awsmiddleware.GetOperationName(ctx)) {
			method = http.MethodGet
		}
		if res, ok := out.RawResponse.(*smithyhttp.Response); ok && res != nil {
			status = res.StatusCode
		}
		fault.Answered(ctx, method, status)
		return out, meta, err
	}), middleware.After)
}

// onlyReads reports whether an operation of an AWS API changes nothing. One that
// is not known here may change something.
func onlyReads(operation string) bool {
	for _, verb := range strings.Fields("Get List Describe Head Select BatchGet BatchCheck Simulate Validate Assume Sign Verify") {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}
