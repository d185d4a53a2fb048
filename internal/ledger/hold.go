package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// ErrLost is in every error that says that the environment is no longer held:
// another process has taken it, or the lease was not renewed in time.
var ErrLost = fence.ErrLost

// errEnded is in the error of an append after the operation was closed.
var errEnded = errors.New("the operation has ended")

// Hold is one operation's hold of an environment. A goroutine renews its lease
// until it is closed or lost.
type Hold struct {
	ledger  *Ledger
	opened  delivery.Entry
	key     string // of the lease
	snapped int    // the last entry of the snapshot; set before the hold is given away
	fence   *fence.Fence

	turn  chan struct{} // one at a time: the fields of this block
	rec   delivery.Record
	ended error // ErrLost or errEnded, explained

	stop     context.CancelFunc
	finished sync.WaitGroup
}

// hold starts the renewal, which outlives the context of Begin: a run that is
// interrupted still has to move back and to close.
func (l *Ledger) hold(ctx context.Context, s stored, rec delivery.Record, key string, f *fence.Fence) *Hold {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &Hold{ledger: l, opened: s.entry, key: key, fence: f, turn: make(chan struct{}, 1), rec: rec, stop: stop}
	h.finished.Go(func() { h.renew(ctx) })
	return h
}

// Token is the fencing token: the number of the opened entry.
func (h *Hold) Token() int { return h.opened.Number }

// Guard gives a context for everything that the operation does: its requests
// and writes are refused once the lease has ended, and it is cancelled with
// ErrLost when that is noticed. The function releases it.
func (h *Hold) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(fence.With(ctx, h.fence))
	stop := make(chan struct{})
	go func() {
		select {
		case <-h.fence.Closed():
			cancel(h.fence.Check())
		case <-stop:
		}
	}()
	return ctx, sync.OnceFunc(func() { close(stop); cancel(context.Canceled) })
}

// Held is nil while the lease runs; it asks nobody.
func (h *Hold) Held() error {
	err := h.fence.Check()
	if err == nil {
		return nil
	}
	return fault.Hint(err, "falkirk lock show %s, then repeat the command", h.ledger.env)
}

// Check reports whether the environment is still held; it is asked before each
// step, and gives the record with everything that others wrote meanwhile.
// ErrLost when the lease has ended or another process took the environment, and
// then the error says which. A lease that has ended is not renewed.
func (h *Hold) Check(ctx context.Context) (delivery.Record, error) {
	if err := h.lock(ctx); err != nil {
		return delivery.Record{}, err
	}
	defer h.unlock()
	if err := h.Held(); err != nil {
		return h.rec, h.whoTook(ctx, err)
	}
	if err := h.catchUp(ctx); err != nil {
		return h.rec, err
	}
	return h.rec, h.Held()
}

// whoTook reads, for the error, who has the environment now. Reading is what a
// former holder may do. The turn is held.
func (h *Hold) whoTook(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(fence.With(context.WithoutCancel(ctx), nil), h.ledger.lease/3)
	defer cancel()
	_ = h.catchUp(ctx) // the error is about the lease
	if h.ended != nil {
		return h.ended
	}
	return err
}

// Append writes an entry of this operation; it fills in everything but what
// the event is about.
func (h *Hold) Append(ctx context.Context, e delivery.Entry) error {
	switch e.Event {
	case delivery.Opened, delivery.Closed, delivery.Taken, delivery.Decided:
		return fault.New(fault.Internal, "the event %q is not written by an append", e.Event)
	}
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	return h.append(ctx, e)
}

// Anchor is the last entry of the log that the hold knows of.
func (h *Hold) Anchor(ctx context.Context) (delivery.Anchor, error) {
	if err := h.lock(ctx); err != nil {
		return delivery.Anchor{}, err
	}
	defer h.unlock()
	return delivery.Anchor{App: h.ledger.app, Environment: h.ledger.env, Number: h.rec.Last, Hash: h.rec.LastHash}, nil
}

// Close ends the operation with an entry that says how, and the hold with it.
// It writes even when ctx is cancelled already, and stops the renewal: where it
// fails it may be repeated until the lease ends. After success a repetition
// changes nothing.
func (h *Hold) Close(ctx context.Context, e delivery.Entry) error {
	h.stop()
	h.finished.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.ledger.lease)
	defer cancel()
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	ctx = fence.With(ctx, h.fence)
	e.Event = delivery.Closed
	err := h.append(ctx, e)
	if errors.Is(err, errEnded) {
		return nil
	}
	if err != nil {
		return err
	}
	h.ledger.note(ctx, h.rec, h.snapped)
	h.ledger.sweep(ctx, h.opened.Number)
	_ = h.fence.Close("with its operation")
	return nil
}

// append writes e after whatever others wrote meanwhile. The turn is held.
func (h *Hold) append(ctx context.Context, e delivery.Entry) error {
	e.Operation = h.opened.Operation
	ctx = fence.With(ctx, h.fence)
	for h.ended == nil {
		if err := h.Held(); err != nil {
			return h.whoTook(ctx, err)
		}
		s, err := h.ledger.append(ctx, h.rec.Last, h.rec.LastHash, e)
		if err == nil {
			h.note(s)
			return nil
		}
		if lost := h.Held(); lost != nil { // whatever the request ended with
			return h.whoTook(ctx, lost)
		}
		if !errors.Is(err, errOvertaken) {
			return err
		}
		if err := h.catchUp(ctx); err != nil {
			return err
		}
	}
	return h.ended
}

// catchUp reads what others wrote. The turn is held.
func (h *Hold) catchUp(ctx context.Context) error {
	for h.ended == nil {
		s, err := h.ledger.fetch(ctx, h.rec.Last+1)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err == nil {
			err = h.ledger.follows(s, h.rec.LastHash)
		}
		if err != nil {
			return err
		}
		h.note(s)
	}
	return h.ended
}

// note takes the next entry in. The turn is held.
func (h *Hold) note(s stored) {
	h.rec = h.ledger.fold(h.rec, s)
	if s.entry.Operation.ID != h.opened.Operation.ID {
		return
	}
	switch s.entry.Event {
	case delivery.Taken:
		h.ended = h.fence.Close(fmt.Sprintf("at %s: %s", stamp(s.entry.At), s.entry.Note))
	case delivery.Closed:
		h.ended = fmt.Errorf("%s in %s/%s: %w", describe(h.opened.Operation), h.ledger.app, h.ledger.env, errEnded)
	}
}

func (h *Hold) lock(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *Hold) unlock() { <-h.turn }

// renew keeps the lease until the hold is closed or lost. What fails is tried
// again soon; the lease ends by itself where that does not help.
func (h *Hold) renew(ctx context.Context) {
	ctx = fence.With(ctx, h.fence)
	every := h.ledger.lease / 3
	wait := time.NewTimer(every)
	defer wait.Stop()
	for renewal := 1; ; renewal++ {
		select {
		case <-ctx.Done():
			return
		case <-h.fence.Closed():
			return
		case <-wait.C:
		}
		if h.fence.Check() != nil {
			return
		}
		next := every
		if h.extend(ctx, renewal) != nil {
			next = every / 4
		}
		wait.Reset(next)
	}
}

// extend renews the lease once, and looks whether somebody took the environment.
func (h *Hold) extend(ctx context.Context, renewal int) error {
	ctx, cancel := context.WithTimeout(ctx, h.ledger.lease/3)
	defer cancel()
	until, err := h.ledger.writeLease(ctx, h.key, *h.opened.Holder, renewal)
	if err == nil {
		err = h.fence.Extend(until)
	}
	if err == nil {
		_, err = h.Check(ctx)
	}
	return err
}
