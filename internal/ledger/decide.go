package ledger

import (
	"context"
	"errors"
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Decide writes what a person decided. It takes no lock and waits for none: a
// run under way meets the entry before its next step.
func (l *Ledger) Decide(ctx context.Context, e delivery.Entry) (delivery.Record, error) {
	if e.Event != delivery.Decided {
		return delivery.Record{}, fault.New(fault.Internal, "the event %q is no decision", e.Event)
	}
	rec, snapped, err := l.read(ctx)
	for err == nil {
		var s stored
		if s, err = l.append(ctx, rec.Last, rec.LastHash, e); err == nil {
			rec = l.fold(rec, s)
			l.note(context.WithoutCancel(ctx), rec, snapped)
			return rec, nil
		}
		if errors.Is(err, errOvertaken) {
			rec, err = l.follow(ctx, rec)
		}
	}
	return rec, fmt.Errorf("write %s: %w", describe(e.Operation), err)
}
