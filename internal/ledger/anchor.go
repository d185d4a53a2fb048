package ledger

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Anchor is the number and hash of the last entry of the log.
func (l *Ledger) Anchor(ctx context.Context) (delivery.Anchor, error) {
	rec, err := l.Read(ctx, delivery.Record{})
	return delivery.Anchor{App: l.app, Environment: l.env, Number: rec.Last, Hash: rec.LastHash}, err
}

// Contains says whether the log still has the entry of an anchor; nil when it
// has. That the entries before it are still the same, Verify proves: the entry
// has the hash of the one before.
func (l *Ledger) Contains(ctx context.Context, a delivery.Anchor) (*delivery.Break, error) {
	if a.Number == 0 {
		return nil, nil
	}
	s, err := l.fetch(ctx, a.Number)
	switch {
	case fault.Is(err, fault.NotFound):
		last, err := l.last(ctx, 0)
		if err != nil {
			return nil, err
		}
		if last == 0 {
			return l.broke(a.Number, "removed", "the whole ledger is gone"), nil
		}
		return l.brokef(a.Number, "removed", "the log ends with entry %d", last), nil
	case fault.Is(err, fault.Tampered):
		return l.broke(a.Number, "edited", err.Error()), nil
	case err != nil:
		return nil, err
	case s.hash != a.Hash:
		return l.brokef(a.Number, "edited", "it or an entry before it was changed: its hash was %s and is %s; it says now: %s",
			short(a.Hash), short(s.hash), tell(s.entry)), nil
	}
	return nil, nil
}
