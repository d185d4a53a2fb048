package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// Classify gives an error of the SDK its kind: what was not allowed is
// fault.Refused, what was not there fault.NotFound, what may pass by itself
// fault.Unavailable. Others stay as they are. Where the credentials or the
// network are wrong the message says which, and the hint what to do.
func Classify(err error) error { return classify(network.Answered(err)) }

// codesDenied are the codes by which AWS says that something is not allowed.
const codesDenied = " AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationError NotAuthorized Forbidden "

func isOneOf(codes, code string) bool { return code != "" && strings.Contains(codes, " "+code+" ") }

func classify(err error) error {
	if errors.Is(err, fence.ErrLost) {
		return fault.New(fault.Locked, "%w", err)
	}
	if err == nil || errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Internal && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if told := ofCredentials(err); told != nil {
		return told
	}
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	isAPI, isAnswer := errors.As(err, &api), errors.As(err, &answer)
	switch {
	case isAPI && isOneOf(codesDenied, api.ErrorCode()):
		return fault.New(fault.Refused, "%w", err)
	case isThrottle(err):
		return fault.Hint(fault.New(fault.Unavailable, "AWS limits the rate of calls (throttling): %w", err),
			"wait a minute and repeat the command; lower parallel in the app file if it happens again")
	case isNetwork(err):
		return network.Explain(located(err))
	case isAnswer && answer.HTTPStatusCode() == http.StatusProxyAuthRequired:
		return fault.Hint(fault.New(fault.Refused, "a proxy wants a login (HTTP status 407): %w", err), "write the user and the password into HTTP_PROXY or HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT")
	case isUnreadable(err) && answer.HTTPStatusCode() != http.StatusForbidden:
		return fault.Hint(fault.New(fault.Unavailable, "the answer of %s is not one of AWS: %w", hostOf(answer), err),
			"check the endpoint in the app file, AWS_ENDPOINT_URL and HTTPS_PROXY, then repeat the command")
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary:
		return fault.Hint(fault.New(fault.Unavailable, "%w", err), "wait some minutes and repeat the command; https://health.aws.amazon.com shows what AWS knows of")
	case isAnswer && answer.HTTPStatusCode() == http.StatusForbidden:
		return fault.New(fault.Refused, "%w", err)
	case isAnswer && answer.HTTPStatusCode() == http.StatusNotFound:
		return fault.New(fault.NotFound, "%w", err)
	}
	return err
}

// isUnreadable reports whether an answer came that is not in the form of AWS.
func isUnreadable(err error) bool {
	var form *smithy.DeserializationError
	var answer *smithyhttp.ResponseError
	return errors.As(err, &form) && errors.As(err, &answer)
}

// hostOf is the server that answered.
func hostOf(answer *smithyhttp.ResponseError) string {
	if answer.Response == nil || answer.Response.Response == nil || answer.Response.Request == nil || answer.Response.Request.URL == nil {
		return "the server"
	}
	return answer.Response.Request.URL.Host
}

// codesUnknown are those of the SDK for an error without a code.
const codesUnknown = " UnknownError Unknown "

// ofPage tells of an answer that is not from AWS: a web page, as of the login to a
// network, or a redirect to one.
func ofPage(err error) error {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) && !isOneOf(codesUnknown, api.ErrorCode()) && api.ErrorCode() != "" {
		return nil // emulators give the wrong type of content
	}
	if h := answer.Response.Header; h.Get("X-Amzn-Requestid") != "" || h.Get("X-Amz-Request-Id") != "" {
		return nil
	}
	status, what := answer.HTTPStatusCode(), ""
	switch {
	case status == http.StatusNetworkAuthenticationRequired, status == http.StatusFound, status == http.StatusSeeOther:
		what = "a login page or a proxy"
	case strings.HasPrefix(answer.Response.Header.Get("Content-Type"), "text/html"):
		what = "a web page"
	default:
		return nil
	}
	host := hostOf(answer)
	return fault.Hint(fault.New(fault.Unavailable, "%w", &pageError{fmt.Sprintf("%s answers at %s, and not AWS (HTTP status %d)", what, host, status), err}),
		"log in to the network in a browser; check the endpoint in the app file, AWS_ENDPOINT_URL and HTTPS_PROXY")
}

// pageError keeps an error of the SDK, whose text is about what it could not read.
type pageError struct {
	text string
	err  error
}

func (e *pageError) Error() string { return e.text }

func (e *pageError) Unwrap() error { return e.err }

// explained says what is wrong with the credentials, where they are the cause;
// other errors stay as they are.
func explained(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Internal {
		return err
	}
	if told := ofCredentials(err); told != nil {
		return told
	}
	return err
}

// isNetwork reports whether no answer came, or no whole one.
func isNetwork(err error) bool {
	var answer *smithyhttp.ResponseError
	return network.IsStalled(err) || network.Of(err) != nil && !(errors.As(err, &answer) && answer.HTTPStatusCode() != 0)
}

// located names the call in an error of the network: the text of its cause names
// the host only. What was being done stays in front of it.
func located(err error) error {
	f := *network.Of(err)
	var outer, op *smithy.OperationError
	if !errors.As(err, &outer) {
		return &f
	}
	text := ""
	for at := err; errors.As(at, &op); at = op.Err {
		text = op.Service() + " " + op.Operation() + ": " + network.Of(err).Text
	}
	f.Text = strings.Replace(err.Error(), outer.Error(), text, 1)
	return &f
}

func isThrottle(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// S3 makes a client. Emulators and private endpoints take the bucket in the
// path, so it goes there when the endpoint is not AWS's own.
func S3(cfg aws.Config, more ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append([]func(*s3.Options){func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil || o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // many objects have none
	}}, more...)...)
}
