package ecr

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
)

// explain says in an error what was asked of whom, and what would be needed.
func (c *Client) explain(action, repository string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	err = account.Classify(err)
	hint := fault.HintOf(err) // of credentials that are missing or have ended
	what := "ecr:" + action
	if repository != "" {
		what += " on " + repository
	}
	text := "%s in account %s, %s: %w"
	kind := kindOf(err)
	who := c.account
	if who == "" {
		who = "of the credentials"
	}
	err = fault.New(kind, text, what, who, c.region, err)
	if kind == fault.Refused && hint == "" {
		resource := "*"
		if repository != "" {
			resource = "repository/" + repository
		}
		return fault.Hint(err, "allow ecr:%s on %s to the role of account %s: falkirk doctor shows the statement", action, resource, who)
	}
	return err
}

func kindOf(err error) fault.Kind {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	var noRepository *types.RepositoryNotFoundException
	var noImage *types.ImageNotFoundException
	switch {
	case fault.KindOf(err) != fault.Internal:
		return fault.KindOf(err)
	case errors.As(err, &noRepository), errors.As(err, &noImage):
		return fault.NotFound
	case errors.As(err, &api) && isDenied(api.ErrorCode()), errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden:
		return fault.Refused
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary,
		retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return fault.Unavailable
	}
	return fault.Internal
}

func isDenied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "UnrecognizedClientException", "ExpiredTokenException", "ExpiredToken":
		return true
	}
	return false
}

// IsImmutable reports whether err says that a tag may not be moved.
func IsImmutable(err error) bool {
	var fixed *types.ImageTagAlreadyExistsException
	var there *types.ImageAlreadyExistsException // what is the same was told apart before
	return errors.As(err, &fixed) || errors.As(err, &there)
}

// LacksBlob reports whether err says that a manifest refers to what is not there.
func LacksBlob(err error) bool {
	var lacks *types.LayersNotFoundException
	return errors.As(err, &lacks)
}
