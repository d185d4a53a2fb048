package ledger

import (
	"context"
	"iter"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Back yields the log from its last entry to its first, each proved by the one
// after it. Whoever wants the end of a long log stops early, and little of it
// has been read.
func (l *Ledger) Back(ctx context.Context) iter.Seq2[delivery.Entry, error] {
	return func(yield func(delivery.Entry, error) bool) {
		rec, err := l.Read(ctx, delivery.Record{})
		if err != nil {
			yield(delivery.Entry{}, err)
			return
		}
		hash := rec.LastHash
		for s, err := range l.fetchAll(ctx, rec.Last, 1) {
			switch {
			case fault.Is(err, fault.NotFound):
				err = l.gap(err)
			case err == nil && s.hash != hash:
				err = broken("ledger entry %s has been changed since the next one was written", l.key(s.entry.Number))
			}
			if !yield(s.entry, err) || err != nil {
				return
			}
			hash = s.entry.Prev
		}
	}
}
