package cfn

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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
}

// watched is a stack that somebody waits for.
type watched struct {
	id     string
	waits  int
	stack  Stack         // as last seen; no status before the first look
	update chan struct{} // closed and replaced at each change
	err    error
	mute   outage
}

// outage is a time in which the API does not answer as it should; the zero value
// is none.
type outage struct {
	since time.Time
	cause error
}

// before is a stack as it was when work on it was asked for. It may go on to
// look so for a while; over says whether the work has ended all the same.
type before struct {
	Stack
	over func() (bool, error)
}

// patience is how many looks a stack may take to show that work has begun.
const patience = 4

// isPast reports whether a look is from before the work began.
func (b *before) isPast(now Stack) bool {
	return b != nil && now.Status == b.Status && (b.Updated.IsZero() || !now.Updated.After(b.Updated))
}

// follow waits until CloudFormation has ended its work on a stack, tells its
// events, and gives the stack as it is then, and its story. A stack that is
// deleted has the status DELETE_COMPLETE.
func (c *Client) follow(ctx context.Context, id string, since *before, report func(Event)) (Stack, *story, error) {
	s := &story{c: c, stack: id}
	w := c.watch.join(id) //nolint:contextcheck // the loop is for all who wait, whoever came first
	defer c.watch.leave(w)
	looks := 0
	var said time.Time
	for last := ""; ; {
		now, changed, err := c.watch.look(w)
		said = c.sayOutage(ctx, c.watch.outage(w), id, said, report)
		if err == nil && now.Status != "" && since.isPast(now) {
			if looks++; looks%patience == 0 {
				var over bool
				if over, err = since.over(); over {
					since = nil
				} else if fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
					err = nil // that it does not answer is said, and it is asked again
				}
			}
			if err == nil && since != nil {
				if err := c.rest(ctx, changed, 1); err != nil {
					return Stack{}, s, c.unfinished(w, id, err)
				}
				continue
			}
		}
		if err != nil {
			return Stack{}, s, err
		}
		if now.Status != last && !now.InProgress() || c.watch.few() { // of many, the story is read at its end
			fresh, err := s.read(ctx)
			if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unavailable) {
				return Stack{}, s, err
			}
			for _, e := range fresh {
				if report != nil {
					report(e)
				}
			}
			last = now.Status
		}
		if now.Status != "" && !now.InProgress() {
			return now, s, nil
		}
		if err := c.rest(ctx, changed, 1+len(s.events)/200); err != nil {
			return Stack{}, s, c.unfinished(w, id, err)
		}
	}
}

// sayEvery is how often an outage is said, and firstSaid how long it may last
// before.
const (
	sayEvery  = 30 * time.Second
	firstSaid = 3 * time.Second
)

// sayOutage tells people that the API does not answer, and until when it is
// asked. It gives the time of the last word on it.
func (c *Client) sayOutage(ctx context.Context, o outage, id string, said time.Time, report func(Event)) time.Time {
	if o.cause == nil || report == nil || time.Since(o.since) < min(firstSaid, 3*c.opt.Slow) || time.Since(said) < sayEvery {
		return said
	}
	limit := "it is asked again until it answers"
	if end, ok := ctx.Deadline(); ok {
		limit = "it is asked again until " + end.UTC().Format(time.TimeOnly) + " UTC"
	}
	report(Event{
		Stack: nameIn(id), Where: c.opt.Where, At: time.Now(),
		Note: fmt.Sprintf("CloudFormation in %s has not told the state of stack %s since %s UTC; %s: %v", c.opt.Where, nameIn(id), o.since.UTC().Format(time.TimeOnly), limit, o.cause),
	})
	return time.Now()
}

// unfinished is the error of a wait that ends before the work on the stack.
func (c *Client) unfinished(w *watched, id string, err error) error {
	now, _, _ := c.watch.look(w)
	return &unfinished{stack: nameIn(id), status: now.Status, mute: c.watch.outage(w), err: err}
}

// nameIn is the name of a stack in its ID.
func nameIn(id string) string {
	if parts := strings.Split(id, "/"); len(parts) > 1 {
		return parts[1]
	}
	return id
}

// rest waits until something has changed, or for some looks.
func (c *Client) rest(ctx context.Context, changed <-chan struct{}, looks int) error {
	wait := time.NewTimer(c.opt.Fast * time.Duration(looks))
	defer wait.Stop()
	select {
	case <-changed:
	case <-wait.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

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
	if len(w.stacks) <= w.c.opt.Watchers {
		select {
		case w.wake <- struct{}{}: // it may be resting
		default:
		}
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
func (w *watcher) look(x *watched) (Stack, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return x.stack, x.update, x.err
}

// outage is the time in which the stack could not be looked at.
func (w *watcher) outage(x *watched) outage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return x.mute
}

// note keeps whether a look has failed.
func (w *watcher) note(id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.stacks[id]
	switch {
	case !ok:
	case err == nil:
		x.mute = outage{}
	case x.mute.cause == nil:
		x.mute = outage{time.Now(), err}
	default:
		x.mute.cause = err
	}
}

// few reports whether events are read at each look.
func (w *watcher) few() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.stacks) <= w.c.opt.Watchers
}

// loop looks until nobody waits: soon while something changes, later when not.
func (w *watcher) loop() {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // see join
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

// read looks once at all that are watched, side by side: they are answered
// together. A look that fails says nothing about the stacks; that it failed is
// noted, and the next one follows.
func (w *watcher) read(ctx context.Context, ids []string) bool {
	look := func(ctx context.Context, id string) (Stack, error) { return w.c.one(ctx, id, soon) }
	if !w.few() {
		if found, err := w.c.all(ctx, soon); err == nil {
			look = func(_ context.Context, id string) (Stack, error) {
				if s, ok := found[id]; ok {
					return s, nil
				}
				return Stack{}, fault.New(fault.NotFound, "stack %s is gone", id)
			}
		}
	}
	var changed atomic.Bool
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() {
			s, err := look(ctx, id)
			switch {
			case fault.Is(err, fault.NotFound):
				s, err = Stack{ID: id, Status: "DELETE_COMPLETE"}, nil
			case err != nil && !fault.Is(err, fault.Refused):
				w.note(id, err)
				return
			}
			w.note(id, nil)
			if w.tell(id, s, err) {
				changed.Store(true)
			}
		})
	}
	group.Wait()
	return changed.Load()
}

// tell notes a status and wakes those who wait for it.
func (w *watcher) tell(id string, s Stack, err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.stacks[id]
	if !ok || x.stack.Status == s.Status && x.stack.Updated.Equal(s.Updated) && err == nil {
		return false
	}
	x.stack, x.err = s, err
	close(x.update)
	x.update = make(chan struct{})
	return true
}
