package cfn

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// looker describes stacks for all who ask. Who comes while it is at work waits
// for its next look, which is at all stacks when there are many to be told.
type looker struct {
	c      *Client
	mu     sync.Mutex
	busy   bool
	queue  []*asker
	single bool // looking at all is not allowed
}

type asker struct {
	ctx   context.Context
	name  string
	stack Stack
	err   error
	done  chan struct{}
}

// Describe looks at a stack by name or ID; fault.NotFound when there is none.
func (c *Client) Describe(ctx context.Context, name string) (Stack, error) {
	l := c.looks
	a := &asker{ctx: ctx, name: name, done: make(chan struct{})}
	l.mu.Lock()
	l.queue = append(l.queue, a)
	if !l.busy {
		l.busy = true
		// Others join: neither the end nor the lease of the first one counts. It only reads.
		go l.work(fence.With(context.WithoutCancel(ctx), nil))
	}
	l.mu.Unlock()
	select {
	case <-a.done:
		return a.stack, a.err
	case <-ctx.Done():
		return Stack{}, ctx.Err()
	}
}

// work answers until nobody asks any more.
func (l *looker) work(ctx context.Context) {
	for {
		l.mu.Lock()
		asked := l.queue
		l.queue = nil
		if len(asked) == 0 {
			l.busy = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		if (len(asked) > l.c.opt.Watchers || !l.c.watch.few()) && !l.single && l.answerAll(ctx, asked) {
			continue
		}
		for _, a := range asked {
			// With the limit of the one who asks, which is shown while it is asked again.
			a.stack, a.err = l.c.one(fence.With(a.ctx, nil), a.name)
			close(a.done)
		}
	}
}

// answerAll answers everybody from one look at all stacks; false where that is
// not allowed.
func (l *looker) answerAll(ctx context.Context, asked []*asker) bool {
	ctx, cancel := withLatest(ctx, asked)
	defer cancel()
	found, err := l.c.all(ctx)
	if fault.Is(err, fault.Refused) {
		l.single = true
		return false
	}
	for _, a := range asked {
		s, ok := found[a.name]
		switch a.stack = s; {
		case err != nil:
			a.err = err
		case !ok:
			a.err = l.c.explain("look at", a.name, fault.New(fault.NotFound, "there is none"))
		}
		close(a.done)
	}
	return true
}

// withLatest is a context that ends with the last deadline of those who ask; none
// where one of them has none.
func withLatest(ctx context.Context, asked []*asker) (context.Context, context.CancelFunc) {
	var latest time.Time
	for _, a := range asked {
		end, ok := a.ctx.Deadline()
		if !ok {
			return ctx, func() {}
		}
		if end.After(latest) {
			latest = end
		}
	}
	return context.WithDeadline(ctx, latest)
}

// one looks at a single stack.
func (c *Client) one(ctx context.Context, name string, how ...func(*cloudformation.Options)) (Stack, error) {
	if err := c.pace.wait(ctx, "DescribeStacks"); err != nil {
		return Stack{}, err
	}
	out, err := c.api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name}, how...)
	if err == nil && len(out.Stacks) == 0 {
		err = fault.New(fault.NotFound, "there is none")
	}
	if err != nil {
		return Stack{}, c.explain("look at", name, err)
	}
	return stackOf(out.Stacks[0]), nil
}

// soon sends a call twice at most: a caller that waits says that it fails, and
// calls again.
func soon(o *cloudformation.Options) { o.RetryMaxAttempts = 2 }

// all looks at every stack of the account and region, by name and by ID.
func (c *Client) all(ctx context.Context, how ...func(*cloudformation.Options)) (map[string]Stack, error) {
	found := map[string]Stack{}
	for pages := cloudformation.NewDescribeStacksPaginator(c.api, &cloudformation.DescribeStacksInput{}); pages.HasMorePages(); {
		if err := c.pace.wait(ctx, "DescribeStacks"); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx, how...)
		if err != nil {
			return nil, c.explain("look at", "(all)", err)
		}
		for _, s := range page.Stacks {
			found[aws.ToString(s.StackName)], found[aws.ToString(s.StackId)] = stackOf(s), stackOf(s)
		}
	}
	return found, nil
}
