package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"falkirk/internal/delivery"
)

// Lock says who has the environment, and whether the holder is alive.
func (l *Ledger) Lock(ctx context.Context) (delivery.Lock, error) {
	rec, err := l.Read(ctx, delivery.Record{})
	if err != nil || rec.Open == nil {
		return delivery.Lock{Environment: l.env}, err
	}
	return l.lockOf(ctx, rec)
}

func (l *Ledger) lockOf(ctx context.Context, rec delivery.Record) (delivery.Lock, error) {
	open := *rec.Open
	out := delivery.Lock{Environment: l.env, Held: true, Operation: &open.Operation, Holder: open.Holder, Since: &open.At}
	s, err := l.readLease(ctx, open)
	if err != nil {
		return out, err
	}
	out.Lease = &s.Expires
	if out.Dead = l.over(open); out.Dead == "" && s.isPast() {
		out.Dead = s.past()
	}
	last, err := l.fetch(ctx, rec.Last)
	if err == nil {
		out.Doing = doing(last.entry)
	}
	return out, err
}

func doing(e delivery.Entry) string {
	text := fmt.Sprintf("%s at %s", e.Event, stamp(e.At))
	if e.Step != nil {
		text += fmt.Sprintf(": %s: %s in %s", e.Step.Component, e.Step.Summary, e.Step.Place)
	}
	return text
}

// Steal ends the operation that has the environment, also when its holder is
// alive, and waits until that holder can write nothing more: it finds out when
// it renews its lease. The answer is the lock that was taken away; one that is
// not held says that there was none. A wait that is interrupted is continued by
// the next Begin.
func (l *Ledger) Steal(ctx context.Context, actor, reason string) (delivery.Lock, error) {
	by := l.holder
	by.Token = rand.Text()
	for {
		rec, err := l.Read(ctx, delivery.Record{})
		if err != nil || rec.Open == nil {
			return delivery.Lock{Environment: l.env}, err
		}
		was, err := l.lockOf(ctx, rec)
		if err != nil {
			return was, err
		}
		s, err := l.append(ctx, rec.Last, rec.LastHash, delivery.Entry{
			Event: delivery.Taken, Operation: rec.Open.Operation, Result: delivery.ResultLost, Holder: &by, Stolen: true,
			Note: fmt.Sprintf("stolen by %s from %s: %s", actor, by, reason),
		})
		if err == nil {
			l.note(ctx, l.fold(rec, s), rec.Last)
			return was, l.drained(ctx, *rec.Open)
		}
		if !errors.Is(err, errOvertaken) {
			return was, err
		}
	}
}
