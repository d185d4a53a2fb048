package account

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/network"
)

const (
	// first is how long a call is sent again while no server has answered in this
	// run: the network or the settings are wrong, and the user must see that soon.
	first = 4 * time.Second
	// longest is how long a call is sent again in a run that has reached AWS before.
	longest = 90 * time.Second
)

// imds is the metadata service of EC2, where the SDK looks for credentials last.
const imds = "ec2imds"

// call is one call of an API with all its attempts.
type call struct {
	pool  *Pool
	began time.Time
	wait  *network.Wait

	mu      sync.Mutex
	tries   int
	renewed bool // the session was renewed for this call
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// watched follows each call: which attempt it is, and until when it is sent again.
func (p *Pool) watched(stack *middleware.Stack) error {
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("watched", p.follow), middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("reached", p.attempt), middleware.After)
}

func (p *Pool) follow(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, meta middleware.Metadata, err error,
) {
	c := &call{pool: p, began: time.Now(), wait: network.NewWait(ctx)}
	if awsmiddleware.GetServiceID(ctx) == imds {
		c.wait = &network.Wait{} // outside of EC2 it never answers: nobody is told
	}
	defer c.wait.Stop()
	out, meta, err = next.HandleInitialize(context.WithValue(ctx, callKey{}, c), in)
	if callOf(ctx) == nil { // a call inside of another one, which gets the credentials, is explained by that one
		err = explained(err)
	}
	return out, meta, err
}

// attempt notes whether one attempt gets a connection and an answer.
func (p *Pool) attempt(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	if isLong(awsmiddleware.GetOperationName(ctx)) {
		ctx = network.KeptAlive(ctx)
	}
	if c := callOf(ctx); c != nil {
		// Clients that the SDK makes to get credentials have no other trace.
		ctx = network.Trace(network.Named(ctx, what(ctx)), c.wait)
	}
	out, meta, err := next.HandleDeserialize(ctx, in)
	if res, ok := out.RawResponse.(*smithyhttp.Response); ok && res != nil && res.Response != nil && res.StatusCode != 0 { // without an answer it is empty
		p.reached.Store(true)
	}
	return out, meta, err
}

// isLong reports whether S3 works on an operation for minutes, and sends spaces
// meanwhile. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func isLong(operation string) bool {
	return operation == "CopyObject" || operation == "UploadPartCopy" || operation == "CompleteMultipartUpload"
}

// until is when the call is given up.
func (c *call) until() time.Time {
	if c.pool.reached.Load() {
		return c.began.Add(longest)
	}
	return c.began.Add(first)
}

// again decides whether the call is sent once more after err, and notes it for
// the user.
func (c *call) again(ctx context.Context, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if isSession(err) {
		if c.renewed {
			return false // a new session does not help
		}
		c.renewed = true
	}
	until := c.until()
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end // the limit of whoever asks, such as the timeout of a stack
	}
	if time.Now().Add(delay(c.tries)).After(until) {
		return false
	}
	c.wait.Failed(what(ctx)+": "+short(err), until)
	return true
}

// delay is the longest pause before the n-th repetition, see
// retry.ExponentialJitterBackoff.
func delay(n int) time.Duration {
	return min(time.Second<<min(n, 5), mostDelay)
}

const mostDelay = 20 * time.Second

// what names a call for the user.
func what(ctx context.Context) string {
	name := strings.TrimSpace(awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx))
	if region := awsmiddleware.GetRegion(ctx); region != "" {
		name += " in " + region
	}
	return name
}

// short is an error in a few words.
func short(err error) string {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	switch f := network.Of(err); {
	case f != nil:
		return f.Text
	case isThrottle(err) && errors.As(err, &api):
		return "AWS limits the rate of calls (" + api.ErrorCode() + ")"
	case errors.As(err, &api):
		return "AWS answers " + api.ErrorCode()
	case errors.As(err, &answer) && answer.HTTPStatusCode() != 0:
		return "AWS answers with HTTP status " + strconv.Itoa(answer.HTTPStatusCode())
	}
	return "no whole answer"
}
