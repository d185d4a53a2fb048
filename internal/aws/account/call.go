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
	login string // what gets credentials for another call; "" for other calls
	end   time.Time

	mu      sync.Mutex
	tries   int
	renewed bool // the session was renewed for this call
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// ofContainer is a call of the service that gives a container its credentials.
const ofContainer = "credentials of the container"

// watched follows each call: which attempt it is, and until when it is sent again.
func (p *Pool) watched(stack *middleware.Stack) error { return p.watch(stack, "") }

// watchedLogin does so for the calls by which the SDK gets credentials.
func (p *Pool) watchedLogin(stack *middleware.Stack) error {
	if stack.ID() == "GetCredentials" { // it has no name of a service
		return p.watch(stack, ofContainer)
	}
	return p.watch(stack, "login")
}

func (p *Pool) watch(stack *middleware.Stack, login string) error {
	follow := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return p.follow(ctx, login, in, next)
	}
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("watched", follow), middleware.Before); err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("reached", p.attempt), middleware.After)
}

func (p *Pool) follow(ctx context.Context, login string, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, meta middleware.Metadata, err error,
) {
	c := &call{pool: p, began: time.Now(), wait: network.NewWait(ctx), login: login}
	outer := ctx
	if login != "" {
		c.end = c.began.Add(longestLogin)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, c.end)
		defer cancel()
	}
	if awsmiddleware.GetServiceID(ctx) == imds {
		c.wait = &network.Wait{} // outside of EC2 it never answers: nobody is told
	}
	defer c.wait.Stop()
	out, meta, err = next.HandleInitialize(context.WithValue(ctx, callKey{}, c), in)
	if errors.Is(err, errEnough) {
		err = &settled{err}
	}
	if login == ofContainer && err != nil && outer.Err() == nil {
		err = &containerError{short(err), err}
	}
	if callOf(outer) == nil { // a call inside of another one, which gets the credentials, is explained by that one
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
	c, cause := callOf(ctx), func(err error) error { return err }
	if c != nil {
		ctx = network.Named(ctx, c.what(ctx))
		if c.tries > 0 {
			ctx = network.AnswerBy(ctx, c.until())
		}
		if c.login != "" { // clients that the SDK makes have no other trace
			ctx, cause = network.Trace(ctx, c.wait)
		}
	}
	out, meta, err := next.HandleDeserialize(ctx, in)
	err = cause(err)
	if c != nil && c.login == ofContainer {
		return out, meta, err // that is not AWS
	}
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
	until := c.began.Add(first)
	if c.pool.reached.Load() {
		until = c.began.Add(longest)
	}
	if !c.end.IsZero() && c.end.Before(until) {
		return c.end
	}
	return until
}

// again decides whether the call is sent once more after err, and notes it for
// the user; the error says why it is not.
func (c *call) again(ctx context.Context, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if isSession(err) {
		if c.renewed {
			return errEnough // a new session does not help
		}
		c.renewed = true
	}
	until, over := c.until(), errEnough
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until, over = end, errLimit // of the caller, such as the timeout of a stack
	}
	if time.Now().Add(delay(c.tries)).After(until) {
		return over
	}
	c.wait.Failed(c.what(ctx)+": "+short(err), until)
	return nil
}

// delay is the longest pause before the n-th repetition, see
// retry.ExponentialJitterBackoff.
func delay(n int) time.Duration {
	return min(time.Second<<min(n, 5), mostDelay)
}

const mostDelay = 20 * time.Second

// what names a call for the user.
func (c *call) what(ctx context.Context) string {
	if c.login == ofContainer {
		return c.login
	}
	name := strings.TrimSpace(awsmiddleware.GetServiceID(ctx) + " " + awsmiddleware.GetOperationName(ctx))
	if region := awsmiddleware.GetRegion(ctx); region != "" {
		name += " in " + region
	}
	return name
}

// short is an error in a few words.
func short(err error) string {
	var api smithy.APIError
	var answer interface{ HTTPStatusCode() int }
	switch f := network.Of(err); {
	case f != nil:
		return f.Text
	case isThrottle(err) && errors.As(err, &api):
		return "AWS limits the rate of calls (" + api.ErrorCode() + ")"
	case errors.As(err, &api) && api.ErrorCode() != "":
		return "AWS answers " + api.ErrorCode()
	case errors.As(err, &answer) && answer.HTTPStatusCode() != 0:
		return "the answer has HTTP status " + strconv.Itoa(answer.HTTPStatusCode())
	}
	return "no whole answer"
}
