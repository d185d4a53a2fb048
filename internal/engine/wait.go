package engine

import (
	"context"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// look and again are how often a waiting train looks at the ledgers, and how
// often it goes again when nothing has changed there, for a gate may have
// opened outside of them.
const (
	look  = time.Second
	again = time.Minute
)

// Moved waits until somebody wrote in one of the ledgers on the way to an
// environment, or until it is time to go again. It holds nothing meanwhile.
func (e *Engine) Moved(ctx context.Context, to string, limit time.Duration) error {
	was, err := e.marks(ctx, to)
	if err != nil {
		return err
	}
	tick, end := time.NewTicker(look), time.NewTimer(min(limit, again))
	defer tick.Stop()
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return fault.New(fault.Interrupted, "stopped while waiting to enter %s", to)
		case <-end.C:
			return nil
		case <-tick.C:
		}
		now, err := e.marks(ctx, to)
		if err != nil || now != was {
			return err
		}
	}
}

// marks sums up how far the ledgers on the way have come.
func (e *Engine) marks(ctx context.Context, to string) (int, error) {
	route, err := e.App.Route(to)
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, env := range append(route, delivery.Environment{Name: delivery.Everywhere}) {
		rec, err := e.Ledger(env.Name).Read(ctx, delivery.Record{})
		if err != nil {
			return 0, err
		}
		sum += rec.Last
	}
	return sum, nil
}
