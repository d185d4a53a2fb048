package engine

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/rule"
)

// watch is asked before each write: whether the environment is still held, and
// whether somebody has decided otherwise meanwhile. While a run is taken back
// only a stop holds it up, for taking back is what a ban or a hold asks for.
func (r *run) watch(ctx context.Context) error {
	own, err := r.hold.Check(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = own
	if r.whole, err = r.e.Ledger(delivery.Everywhere).Read(ctx, r.whole); err != nil {
		return err
	}
	o := rule.Decided(rule.Situation{Environment: r.env, Operation: r.op, Own: r.now, Whole: r.whole})
	if o == nil || r.undoes.Load() && o.Cause != rule.Stopped {
		return nil
	}
	return refusal(o)
}

// approvals is what the ledger has of them now.
func (r *run) approvals() []delivery.Signed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now.Approvals
}
