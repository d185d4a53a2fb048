package engine

import (
	"context"
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// bake asks an open gate again and again until it has been open for its time.
// The first other answer ends it and is the verdict. It goes through the same
// ledger check as a step, so that a stop or a steal ends it as well.
func (r *run) bake(ctx context.Context, g delivery.GateSetting, place delivery.Place, ask func() (delivery.Verdict, error)) (delivery.Verdict, error) {
	began, every := r.e.Now(), g.Every.Std()
	if every <= 0 {
		every = min(10*time.Second, g.For.Std())
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var asked int
	for {
		baked := r.e.Now().Sub(began)
		if baked >= g.For.Std() {
			return delivery.Verdict{Answer: delivery.Open, Reason: fmt.Sprintf("open for %s, asked %d times", g.For, asked)}, nil
		}
		r.report(Event{Kind: Baking, Place: &place, Gate: g.Name, Progress: &delivery.Progress{
			Done: int64(baked.Seconds()), Total: int64(g.For.Std().Seconds()), Unit: "seconds",
		}})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return delivery.Verdict{}, fault.New(fault.Interrupted, "stopped while gate %s was to stay open for %s", g.Name, g.For)
		}
		if err := r.watch(ctx); err != nil {
			return delivery.Verdict{}, err
		}
		asked++
		v, err := ask()
		if err != nil {
			return v, err
		}
		if v.Answer != delivery.Open {
			v.Reason = fmt.Sprintf("open for %s of %s, then: %s", delivery.Duration(baked.Round(time.Second)), g.For, v.Reason)
			return v, nil
		}
	}
}
