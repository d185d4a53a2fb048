package s3

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// explain says what was being done with which object, and gives the error its
// kind and the way out.
func (b *Bucket) explain(doing, key string, err error) error {
	if err == nil {
		return nil
	}
	where := "s3://" + b.name + "/" + b.prefix + key
	if statusOf(err) == 0 || network.IsStalled(err) {
		err = network.Explain(err)
	}
	err = fmt.Errorf("%s object %s: %w", doing, where, network.Answered(err))
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch status := statusOf(err); {
	case code == "NoSuchBucket":
		return fault.Hint(fault.New(fault.Invalid, "%w", err), "make the bucket: falkirk create account NAME, for the account of the store")
	case code == "PermanentRedirect" || status == http.StatusMovedPermanently:
		return fault.Hint(fault.New(fault.Invalid, "%w", err), "set region of the store's account to that of the bucket")
	case code == "ConditionalRequestConflict":
		return fault.New(fault.Unavailable, "%w", err)
	case code == "PreconditionFailed" || status == http.StatusPreconditionFailed:
		return fault.New(fault.Conflict, "the object %s is there already: %w", where, err)
	case code == "NoSuchKey" || code == "NotFound" || status == http.StatusNotFound:
		return fault.New(fault.NotFound, "%w", err)
	case status == http.StatusForbidden:
		return fault.Hint(fault.New(fault.Refused, "%w", err),
			"falkirk doctor says which statement is missing; without s3:ListBucket, S3 says this of what is not there as well")
	case status >= http.StatusInternalServerError || status == 0 || status == http.StatusTooManyRequests:
		return fault.New(fault.Unavailable, "%w", err)
	}
	return err
}

// statusOf is the HTTP status of an answer, or 0 when there was none.
func statusOf(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.Response != nil {
		return answer.HTTPStatusCode()
	}
	return 0
}

// conflicts is how often a write is repeated that met another one under way.
const conflicts = 6

// again repeats what S3 answers with 409 because another write of the same key
// is under way.
func again(ctx context.Context, send func() error) error {
	for try := 1; ; try++ {
		err := send()
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ConditionalRequestConflict" || try == conflicts {
			return err
		}
		wait := time.NewTimer(rand.N(time.Duration(try) * 50 * time.Millisecond))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}
