package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Begin takes the environment for op. The record is the log's up to the opened
// entry, which is the record's Open. While a live operation holds the
// environment the answer is fault.Locked and names it; a stale one is ended by
// a taken entry first. The hold must be closed.
func (l *Ledger) Begin(ctx context.Context, op delivery.Operation) (*Hold, delivery.Record, error) {
	holder := l.holder
	holder.Token = rand.Text()
	rec, snapped, err := l.read(ctx)
	for err == nil {
		if rec.Open == nil {
			var h *Hold
			if h, rec, err = l.open(ctx, rec, op, holder); err == nil {
				h.snapped = snapped
				return h, rec, nil
			}
		} else {
			err = l.take(ctx, rec, op, holder)
		}
		if err == nil || errors.Is(err, errOvertaken) {
			rec, err = l.follow(ctx, rec)
		}
	}
	return nil, rec, fmt.Errorf("begin %s: %w", describe(op), err)
}

// open appends the opened entry. The lease is there before it, so that nobody
// meets an operation without one.
func (l *Ledger) open(ctx context.Context, rec delivery.Record, op delivery.Operation, holder Holder) (*Hold, delivery.Record, error) {
	key := l.leaseKey(rec.Last+1, holder.Token)
	until, err := l.writeLease(ctx, key, holder)
	if err != nil {
		return nil, rec, err
	}
	s, err := l.append(ctx, rec.Last, rec.LastHash, delivery.Entry{Event: delivery.Opened, Operation: op, Holder: &holder})
	if err != nil {
		// Without its entry the lease means nothing; one that stays is swept later.
		_ = l.store.Delete(context.WithoutCancel(ctx), key)
		return nil, rec, err
	}
	rec = rec.Fold(s.entry, s.hash)
	return l.hold(ctx, s, rec, key, until), rec, nil
}

// take ends a stale operation. Of many who try, one gets the number.
func (l *Ledger) take(ctx context.Context, rec delivery.Record, op delivery.Operation, by Holder) error {
	open := *rec.Open
	why, err := l.staleness(ctx, open)
	if err != nil {
		return err
	}
	_, err = l.append(ctx, rec.Last, rec.LastHash, delivery.Entry{
		Event: delivery.Taken, Operation: open.Operation, Result: delivery.ResultLost, Holder: &by,
		Note: fmt.Sprintf("%s took it over with %s: %s", by, describe(op), why),
	})
	return err
}

// staleness says why the holder of an opened entry is taken for dead;
// fault.Locked when it is not.
func (l *Ledger) staleness(ctx context.Context, open delivery.Entry) (string, error) {
	holder := Holder{}
	if open.Holder != nil {
		holder = *open.Holder
	}
	until, err := l.readLease(ctx, open)
	switch now := l.now(); {
	case err != nil:
		return "", err
	case !now.Before(until):
		return "its lease ended at " + stamp(until), nil
	case isGone(l.holder, holder):
		return fmt.Sprintf("%s is gone", holder), nil
	}
	err = fault.New(fault.Locked, "%s/%s is held by %s since %s: %s, lease until %s",
		l.app, l.env, describe(open.Operation), stamp(open.At), holder, stamp(until))
	return "", fault.Hint(err, "wait for it to end and repeat; should its process die, the environment is free when the lease ends")
}

// describe names an operation for people.
func describe(op delivery.Operation) string {
	what := string(op.Verb)
	if op.Version != "" {
		what += " " + op.Version
	}
	return fmt.Sprintf("%s by %s (operation %s)", what, op.Actor, op.ID)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
