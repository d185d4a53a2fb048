package engine

import (
	"context"
	"slices"
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

// Moved waits until something is other than Mark has said that may let a release
// enter an environment, or until it is time to go again. It holds nothing
// meanwhile.
func (e *Engine) Moved(ctx context.Context, to, was string, limit time.Duration) error {
	tick, end := time.NewTicker(look), time.NewTimer(min(limit, again))
	defer tick.Stop()
	defer end.Stop()
	for {
		now, err := e.Mark(ctx, to)
		if err != nil || now != was {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Interrupted, "stopped while waiting to enter %s", to)
		case <-end.C:
			return nil
		case <-tick.C:
		}
	}
}

// Mark sums up what people decided, and what went live, on the way to an
// environment. That somebody asked again is no part of it: two that wait do not
// wake each other.
func (e *Engine) Mark(ctx context.Context, to string) (string, error) {
	route, err := e.App.Route(to)
	if err != nil {
		return "", err
	}
	var all []any
	for _, env := range append(route, delivery.Environment{Name: delivery.Everywhere}) {
		rec, err := e.Ledger(env.Name).Read(ctx, delivery.Record{})
		if err != nil {
			return "", err
		}
		waiting := []string{}
		for _, w := range rec.Waiting {
			waiting = append(waiting, string(w.Operation.Verb)+" "+w.Operation.Version)
		}
		slices.Sort(waiting)
		all = append(all, env.Name, rec.Approvals, rec.Hold, rec.Stop, rec.Bans, len(rec.Tenures), waiting)
	}
	return digest(all), nil
}
