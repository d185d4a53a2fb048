package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// Classify gives an error of the SDK its kind: what was not allowed is
// fault.Refused, what was not there fault.NotFound, what may pass by itself
// fault.Unavailable. Others stay as they are.
func Classify(err error) error { return classify(err) }

// The codes by which AWS says that something is not allowed, and that
// credentials are no longer good.
const (
	codesDenied  = " AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationError NotAuthorized Forbidden "
	codesExpired = " ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException "
)

func isOneOf(codes, code string) bool { return code != "" && strings.Contains(codes, " "+code+" ") }

func classify(err error) error {
	if errors.Is(err, fence.ErrLost) {
		return fault.New(fault.Locked, "%w", err)
	}
	if err == nil || errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Internal {
		return err
	}
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	switch {
	case strings.Contains(err.Error(), "get credentials: "): // the SDK has no type for it
		err = fault.New(fault.Refused, "no credentials for AWS are at hand: %w", err)
		return fault.Hint(err, "log in (aws sso login), or name a profile that has some in AWS_PROFILE")
	case errors.As(err, &api) && isOneOf(codesDenied, api.ErrorCode()):
		return fault.New(fault.Refused, "%w", err)
	case errors.As(err, &api) && isOneOf(codesExpired, api.ErrorCode()):
		return fault.Hint(fault.New(fault.Refused, "%w", err), "log in again: aws sso login, or new credentials")
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary,
		retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return fault.New(fault.Unavailable, "%w", err)
	case errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden:
		return fault.New(fault.Refused, "%w", err)
	case errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusNotFound:
		return fault.New(fault.NotFound, "%w", err)
	}
	return err
}

// S3 makes a client. Emulators and private endpoints take the bucket in the
// path, so it goes there when the endpoint is not AWS's own.
func S3(cfg aws.Config, more ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append([]func(*s3.Options){func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil || o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // many objects have none
	}}, more...)...)
}
