package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// ErrLost is in every error that says that another process has taken the
// environment over.
var ErrLost = errors.New("the environment was taken over")

// errEnded is in the error of an append after the operation was closed.
var errEnded = errors.New("the operation has ended")

// Hold is one operation's hold of an environment. A goroutine renews its lease
// until it is closed or lost.
type Hold struct {
	ledger  *Ledger
	opened  delivery.Entry
	key     string       // of the lease
	snapped int          // the last entry of the snapshot; set before the hold is given away
	until   atomic.Int64 // when the lease ends, in Unix nanoseconds

	turn  chan struct{} // one at a time: the fields of this block
	rec   delivery.Record
	ended error // ErrLost or errEnded, explained

	lost     chan struct{}
	stop     context.CancelFunc
	finished sync.WaitGroup
}

// hold starts the renewal, which outlives the context of Begin: a run that is
// interrupted still has to move back and to close.
func (l *Ledger) hold(ctx context.Context, s stored, rec delivery.Record, key string, until time.Time) *Hold {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	h := &Hold{
		ledger: l, opened: s.entry, key: key, turn: make(chan struct{}, 1),
		rec: rec, lost: make(chan struct{}), stop: stop,
	}
	h.until.Store(until.UnixNano())
	h.finished.Go(func() { h.renew(ctx) })
	return h
}

// Token is the fencing token: the number of the opened entry.
func (h *Hold) Token() int { return h.opened.Number }

// Lost is closed when it is known that the hold is gone.
func (h *Hold) Lost() <-chan struct{} { return h.lost }

// Check reports whether the environment is still held; it is asked before each
// step, and gives the record with everything that others wrote meanwhile.
// ErrLost when another process took it, and then the error says which.
func (h *Hold) Check(ctx context.Context) (delivery.Record, error) {
	if h.ledger.now().UnixNano() >= h.until.Load() {
		if err := h.extend(ctx); err != nil {
			return delivery.Record{}, err
		}
	}
	if err := h.lock(ctx); err != nil {
		return delivery.Record{}, err
	}
	defer h.unlock()
	err := h.catchUp(ctx)
	return h.rec, err
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

// Close ends the operation with an entry that says how, and the hold with it.
// It writes even when ctx is cancelled already. Where it fails it ends the
// lease, so that the environment can be taken over at once; it may be repeated
// then, and after success that changes nothing.
func (h *Hold) Close(ctx context.Context, e delivery.Entry) error {
	h.stop()
	h.finished.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.ledger.lease)
	defer cancel()
	if err := h.lock(ctx); err != nil {
		return err
	}
	defer h.unlock()
	e.Event = delivery.Closed
	err := h.append(ctx, e)
	if errors.Is(err, errEnded) {
		return nil
	}
	if err != nil {
		_, leaseErr := h.ledger.leaseUntil(ctx, h.key, *h.opened.Holder, h.ledger.now().UTC())
		return errors.Join(err, leaseErr)
	}
	h.ledger.note(ctx, h.rec, h.snapped)
	h.ledger.sweep(ctx, h.opened.Number)
	return nil
}

// append writes e after whatever others wrote meanwhile. The turn is held.
func (h *Hold) append(ctx context.Context, e delivery.Entry) error {
	e.Operation = h.opened.Operation
	for h.ended == nil {
		s, err := h.ledger.append(ctx, h.rec.Last, h.rec.LastHash, e)
		if err == nil {
			h.note(s)
			return nil
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
	h.rec = h.rec.Fold(s.entry, s.hash)
	if s.entry.Operation.ID != h.opened.Operation.ID {
		return
	}
	l, op := h.ledger, describe(h.opened.Operation)
	switch s.entry.Event {
	case delivery.Taken:
		h.ended = fault.New(fault.Locked, "%s no longer holds %s/%s since %s: %w: %s",
			op, l.app, l.env, stamp(s.entry.At), ErrLost, s.entry.Note)
		close(h.lost)
	case delivery.Closed:
		h.ended = fmt.Errorf("%s in %s/%s: %w", op, l.app, l.env, errEnded)
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

// extend renews the lease once.
func (h *Hold) extend(ctx context.Context) error {
	until, err := h.ledger.writeLease(ctx, h.key, *h.opened.Holder)
	if err == nil {
		h.until.Store(until.UnixNano())
	}
	return err
}

// renew keeps the lease until the hold is closed or lost. What fails is tried
// again: before each step Check asks for a lease that has not ended.
func (h *Hold) renew(ctx context.Context) {
	every := h.ledger.lease / 3
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.lost:
			return
		case <-tick.C:
		}
		try, cancel := context.WithTimeout(ctx, every)
		if h.extend(try) == nil {
			_, _ = h.Check(try) // ErrLost shows in h.lost
		}
		cancel()
	}
}
