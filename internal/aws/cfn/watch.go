package cfn

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"falkirk/internal/fault"
)

// watcher looks at all stacks that somebody waits for: one loop for an account
// and region, whoever waits, which ends when nobody does.
type watcher struct {
	c       *Client
	mu      sync.Mutex
	stacks  map[string]*watched // by ID
	running bool
	wake    chan struct{}
	cursor  *string // page of the last look at all stacks
	alone   bool    // looking at all is not allowed: one by one
	turn    int     // whose turn it is then
}

// watched is a stack that somebody waits for.
type watched struct {
	id     string
	waits  int
	status string
	update chan struct{} // closed and replaced at each change
	err    error
}

// follow waits until CloudFormation has ended its work on a stack, tells its
// events, and gives the stack as it is then, and its story. A stack that is
// deleted has the status DELETE_COMPLETE.
func (c *Client) follow(ctx context.Context, id string, report func(Event)) (Stack, *story, error) {
	s := &story{c: c, stack: id}
	w := c.watch.join(id)
	defer c.watch.leave(w)
	for last := ""; ; {
		status, changed, err := c.watch.look(w)
		if err != nil {
			return Stack{}, s, err
		}
		if status != last || c.watch.few() {
			fresh, err := s.read(ctx)
			if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unavailable) {
				return Stack{}, s, err
			}
			for _, e := range fresh {
				if report != nil {
					report(e)
				}
			}
			last = status
			if n := len(s.events); n > 0 && s.events[n-1].Own && !inProgress(s.events[n-1].Status) && status == "" {
				status = s.events[n-1].Status
			}
		}
		if status != "" && !inProgress(status) {
			return c.ended(ctx, id, status, s)
		}
		select {
		case <-changed:
		case <-time.After(c.opt.Fast * time.Duration(1+len(s.events)/200)):
		case <-ctx.Done():
			return Stack{}, s, ctx.Err()
		}
	}
}

func (c *Client) ended(ctx context.Context, id, status string, s *story) (Stack, *story, error) {
	st, err := c.Describe(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Stack{ID: id, Status: "DELETE_COMPLETE"}, s, nil
	}
	return st, s, err
}

func inProgress(status string) bool { return Stack{Status: status}.InProgress() }

func (w *watcher) join(id string) *watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.stacks[id]
	if !ok {
		x = &watched{id: id, update: make(chan struct{})}
		w.stacks[id] = x
	}
	x.waits++
	if !w.running {
		w.running = true
		go w.loop()
	}
	select {
	case w.wake <- struct{}{}: // it may be resting
	default:
	}
	return x
}

func (w *watcher) leave(x *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.waits--; x.waits == 0 {
		delete(w.stacks, x.id)
	}
}

// look is what is known of a stack, and what is closed when it changes.
func (w *watcher) look(x *watched) (string, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return x.status, x.update, x.err
}

// few reports whether events are read at each look.
func (w *watcher) few() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.stacks) <= w.c.opt.Watchers
}

// loop looks until nobody waits: soon while something changes, later when not.
func (w *watcher) loop() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for wait := w.c.opt.Fast; ; {
		ids := w.ids()
		if len(ids) == 0 {
			return
		}
		if w.read(ctx, ids) {
			wait = w.c.opt.Fast
		} else {
			wait = min(wait*5/4, w.c.opt.Slow)
		}
		select {
		case <-time.After(wait):
		case <-w.wake:
		}
	}
}

// ids are the stacks to look at; none ends the loop.
func (w *watcher) ids() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for id := range w.stacks {
		all = append(all, id)
	}
	w.running = len(all) > 0
	return all
}

// read looks once: at each stack while they are few, else at one page of all.
// That a look fails is no news about the stacks; the next one is for that.
func (w *watcher) read(ctx context.Context, ids []string) (changed bool) {
	if len(ids) > w.c.opt.Watchers && !w.alone {
		return w.readAll(ctx)
	}
	if w.alone && len(ids) > w.c.opt.Watchers { // a few at each look, in turn
		w.turn++
		from := w.turn * w.c.opt.Watchers % len(ids)
		ids = append(ids[from:], ids[:from]...)[:w.c.opt.Watchers]
	}
	for _, id := range ids {
		s, err := w.c.Describe(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			changed = w.tell(id, "DELETE_COMPLETE", nil) || changed
		case fault.Is(err, fault.Refused):
			changed = w.tell(id, "", err) || changed
		case err == nil:
			changed = w.tell(id, s.Status, nil) || changed
		}
	}
	return changed
}

// readAll reads one page of all stacks. Those that are on no page are deleted.
func (w *watcher) readAll(ctx context.Context) (changed bool) {
	if w.c.pace.wait(ctx, "DescribeStacks") != nil {
		return false
	}
	out, err := w.c.api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{NextToken: w.cursor})
	if err != nil {
		w.alone = fault.Is(w.c.explain("look at", "all", err), fault.Refused)
		w.cursor = nil
		return false
	}
	w.cursor = out.NextToken
	for _, s := range out.Stacks {
		changed = w.tell(aws.ToString(s.StackId), string(s.StackStatus), nil) || changed
	}
	return changed
}

// tell notes a status and wakes those who wait for it.
func (w *watcher) tell(id, status string, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.stacks[id]
	if !ok || x.status == status && err == nil {
		return false
	}
	x.status, x.err = status, err
	close(x.update)
	x.update = make(chan struct{})
	return true
}
