package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fence"
)

// Begin takes the environment for op. The record is the log's up to the opened
// entry, which is the record's Open. While a live operation holds the
// environment the answer is fault.Locked and names it; a stale one is ended by
// a taken entry first. When Begin returns, no request of an earlier holder can
// have an effect any more. The hold must be closed.
func (l *Ledger) Begin(ctx context.Context, op delivery.Operation) (*Hold, delivery.Record, error) {
	holder := l.holder
	holder.Token = rand.Text()
	rec, snapped, err := l.read(ctx)
	drained := 0 // the number of the stolen operation that was waited for
	for err == nil {
		switch {
		case rec.Open != nil:
			err = l.take(ctx, rec, op, holder)
		case rec.Stolen != nil && rec.Stolen.Number != drained:
			err = l.drained(ctx, *rec.Stolen)
			drained = rec.Stolen.Number
		default:
			var h *Hold
			if h, rec, err = l.open(ctx, rec, op, holder); err == nil {
				h.snapped = snapped
				return h, rec, nil
			}
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
	until, err := l.writeLease(ctx, key, holder, 0)
	if err != nil {
		return nil, rec, err
	}
	f := fence.New(l.clock, until, fmt.Sprintf("%s no longer holds %s/%s", describe(op), l.app, l.env))
	ctx = fence.With(ctx, f) // an opened entry that is late would come with a lease that has ended
	s, err := l.append(ctx, rec.Last, rec.LastHash, delivery.Entry{Event: delivery.Opened, Operation: op, Holder: &holder})
	if err != nil {
		// Without its entry the lease means nothing; one that stays is swept later.
		_ = l.store.Delete(context.WithoutCancel(ctx), key)
		return nil, rec, err
	}
	rec = l.fold(rec, s)
	return l.hold(ctx, s, rec, key, f), rec, nil
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

// describe names an operation for people.
func describe(op delivery.Operation) string {
	what := string(op.Verb)
	if op.Version != "" {
		what += " " + op.Version
	}
	return fmt.Sprintf("%s by %s (operation %s)", what, strings.Join(strings.Fields(op.Actor), " "), op.ID)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
