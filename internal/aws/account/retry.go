package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// attempts is how often one call is sent at most. With the SDK's back-off of up
// to 20 s between them, that is more than a minute in which a service does not work.
const attempts = 8

// adaptive sends calls again as the SDK's adaptive mode does: slower, after a
// service has asked for it.
func adaptive() aws.RetryerV2 {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = attempts, mostDelay })
	})
}

// standard is the same for single calls, such as those that get credentials.
func standard() aws.RetryerV2 {
	return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = attempts, mostDelay })
}

// told is a retryer that tells of what it lets be sent again.
type told struct {
	aws.RetryerV2
	tell  func(ctx context.Context, err error)
	renew func() // nil where there is no session of ours
}

// IsErrorRetryable also sends again what came with a session that is over,
// under a new one, and what was answered with half an answer. The failure of a
// call inside of this one, which gets the credentials, is not repeated: that call
// was repeated itself.
func (t told) IsErrorRetryable(err error) bool {
	var inner *smithy.OperationError
	failure := network.Of(err)
	switch {
	case errors.Is(err, fence.ErrLost), errors.As(err, &inner), failure != nil && failure.Lasting:
		return false
	case t.renew != nil && isSession(err):
		t.renew()
		return true
	case errors.Is(err, io.ErrUnexpectedEOF), network.IsStalled(err):
		return true
	}
	return t.RetryerV2.IsErrorRetryable(err)
}

// Standard is the retryer for a configuration that has none.
func Standard() aws.Retryer { return standard() }

// Throttled is a retryer of this package that sends again only what was throttled:
// for calls whose first answer is the one that counts.
func Throttled(given aws.Retryer) aws.Retryer {
	v2, ok := given.(aws.RetryerV2)
	if !ok {
		v2 = standard()
	}
	return throttled{v2}
}

type throttled struct{ aws.RetryerV2 }

// IsErrorRetryable implements aws.Retryer.
func (throttled) IsErrorRetryable(err error) bool { return isThrottle(err) }

// errEnough says that the time for repetitions is over, and errLimit that the
// deadline of the caller leaves no time for one.
var (
	errEnough = errors.New("it is not sent again")
	errLimit  = fmt.Errorf("%w before the time limit", errEnough)
)

// IsLimited reports whether a call failed and the deadline of its context left no
// time to send it again.
func IsLimited(err error) bool { return errors.Is(err, errLimit) }

// settled is an error without the line that the SDK adds for errEnough.
type settled struct{ error }

func (e *settled) Error() string {
	text := strings.ReplaceAll(e.error.Error(), "\n"+errLimit.Error(), "")
	return strings.ReplaceAll(text, "\n"+errEnough.Error(), "")
}

func (e *settled) Unwrap() error { return e.error }

func (t told) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	if c := callOf(ctx); c != nil {
		if enough := c.again(ctx, err); enough != nil {
			return nil, enough
		}
	}
	release, refused := t.RetryerV2.GetRetryToken(ctx, err)
	if refused == nil {
		t.tell(ctx, err)
	}
	return release, refused
}

// retryer makes the retryers of an account in a region.
func (p *Pool) retryer(account, region string, inner func() aws.RetryerV2, renew func()) func() aws.Retryer {
	return func() aws.Retryer {
		return told{inner(), func(ctx context.Context, err error) { p.retried(ctx, account, region, err) }, renew}
	}
}

func (p *Pool) retried(ctx context.Context, account, region string, err error) {
	if p.opt.Retried == nil {
		return
	}
	what := "no answer"
	var api smithy.APIError
	if errors.As(err, &api) {
		what = api.ErrorCode()
	}
	p.opt.Retried(account, region, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)+" ("+what+")")
}
