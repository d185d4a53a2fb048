package cfn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
)

// errTooLong says that the work on a stack was not done in time.
var errTooLong = errors.New("not done within its timeout")

// Within does work on a stack with one time limit for all calls and waits in it;
// 0 is none. After the limit the error names it, and what CloudFormation said last.
func (c *Client) Within(ctx context.Context, stack string, limit time.Duration, work func(context.Context) error) error {
	if limit <= 0 {
		return work(ctx)
	}
	began := time.Now()
	end, has := ctx.Deadline()
	isOwn := !has || time.Now().Add(limit).Before(end)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := work(ctx)
	if err == nil || !isOwn || !account.IsLimited(err) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	over := limit.String()
	if limit-time.Since(began) > time.Second {
		over += ", as the next try would come after it"
	}
	err = fault.New(fault.Unavailable, "stack %s in %s: %w of %s: %w", stack, c.opt.Where, errTooLong, over, err)
	return fault.Hint(err, "aws cloudformation describe-stacks --stack-name %s shows how far it is; repeat the command to go on, or set a longer timeout at the stack target", stack)
}

// unfinished is the end of a wait: how the stack was then, as far as that is known.
type unfinished struct {
	stack  string
	status string
	mute   outage
	err    error // of the context
}

func (e *unfinished) Error() string {
	switch {
	case e.mute.cause != nil:
		return fmt.Sprintf("CloudFormation has not told the state of stack %s since %s UTC: %v", e.stack, e.mute.since.UTC().Format(time.TimeOnly), e.mute.cause)
	case e.status != "":
		return fmt.Sprintf("stack %s is %s, and CloudFormation continues with it", e.stack, e.status)
	}
	return e.err.Error()
}

func (e *unfinished) Unwrap() error { return e.err }
