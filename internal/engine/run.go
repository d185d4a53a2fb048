package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// run is one operation under way: it holds its environment.
type run struct {
	e       *Engine
	env     delivery.Environment
	op      delivery.Operation
	rel     delivery.Release // empty for a prune
	hold    Hold
	rec     delivery.Record // when the environment was taken
	digest  string          // of the plan, once recorded
	way     way             // promote and rollback, once recorded
	last    sight           // what was seen after the last step, once it was looked at
	ran     []string        // hooks
	failing bool            // it is in the ledger that this run fails
	undoes  atomic.Bool     // what was done is being taken back
	blind   bool            // what is there now could not be seen after a step that failed: a service does not answer
	count   atomic.Int64    // of steps done
	late    bool            // requests of the operation before may still arrive

	mu    sync.Mutex
	now   delivery.Record // of the environment, as last read
	whole delivery.Record // of the app, as last read
}

func (r *run) report(ev Event) { r.e.report(r.op, ev) }

// Run carries out one request. An error says that it did not come to its end;
// the Ended event and the ledger say what stands. Repeating the request
// finishes whatever is missing.
func (e *Engine) Run(ctx context.Context, req Request) (Result, error) {
	a, err := e.ready(ctx, req)
	if err != nil {
		return Result{}, err
	}
	op := a.sit.Operation
	ctx = delivery.WithOperation(ctx, op)
	e.warnOfUnknown(a)
	if a.isIdle() {
		e.report(op, Event{Kind: Ended, Result: delivery.ResultDone, Note: "nothing to do", Standing: a.now.standing()})
		return Result{Operation: op, Standing: a.now.standing()}, nil
	}
	hold, rec, err := e.Ledger(a.sit.Environment.Name).Begin(ctx, op)
	if err != nil {
		return Result{}, err
	}
	r := &run{e: e, env: a.sit.Environment, op: op, rel: a.rel, hold: hold, rec: rec, now: rec, whole: a.sit.Whole, late: mayBeLate(a.sit.Own)}
	ctx, release := hold.Guard(ctx)
	defer release()
	r.report(Event{Kind: Began})
	return r.end(ctx, fault.Begun(r.orLost(ctx, r.work(ctx, a, req))))
}

// warnOfUnknown says before a promotion what of the live release cannot be compared,
// where no step sends it again.
func (e *Engine) warnOfUnknown(a asked) {
	if a.sit.Operation.Verb == delivery.VerbProvision || a.sit.Operation.Verb == delivery.VerbPrune {
		return
	}
	for _, x := range a.now {
		if !has(a.plan, x.Place, x.Component) {
			for _, line := range x.State.Unknown {
				e.report(a.sit.Operation, Event{Kind: Warned, Place: &x.Place, Note: line})
			}
		}
	}
}

// work ends what operations before have left running, looks again, unless nobody can have written since it was looked at, and
// does what the verb asks.
func (r *run) work(ctx context.Context, a asked, req Request) error {
	if err := r.endChildren(ctx); err != nil {
		return err
	}
	now := a.now
	if r.rec.Last != a.sit.Own.Last+1 {
		var err error
		if now, err = r.e.observe(ctx, r.env, r.rel); err != nil {
			return err
		}
	}
	p, err := r.phase(now)
	if err != nil {
		return err
	}
	if req.Saved != nil {
		if err := req.Saved.covers(p.plan); err != nil {
			return err
		}
	}
	if err := agreed(req.Agreed, r.rec, r.op, p.plan); err != nil {
		return err
	}
	return r.carry(ctx, p)
}

// settle records the plan and the way back, before anything is written.
func (r *run) settle(ctx context.Context, plan delivery.Plan, now sight) error {
	before := now.standing()
	if plan.Phase == delivery.Promote {
		r.way = wayBack(r.rec, now)
		before = r.way
	}
	r.digest = bound(r.rec, r.op, plan)
	entry := delivery.Entry{Event: delivery.Planned, Plan: r.digest, Before: before, Steps: plan.Keys()}
	if r.op.Version != "" {
		entry.Content = r.rel.Content()
	}
	if r.rec.BoundBy(r.op.Verb).Covers(r.op, plan) {
		entry.Steps = nil // it goes on with the plan that was begun
	}
	r.report(Event{Kind: Planned, Plan: &plan})
	return r.hold.Append(ctx, entry)
}

// bound is the digest that a plan is asked about with: its own, or that of the
// plan begun before, of which it is the rest.
func bound(rec delivery.Record, op delivery.Operation, plan delivery.Plan) string {
	if b := rec.BoundBy(op.Verb); b.Covers(op, plan) {
		return b.Digest
	}
	return plan.Digest()
}

// orLost is err, unless the environment is no longer held: then whatever went
// wrong, or right, that is the error. It says who has it now.
func (r *run) orLost(ctx context.Context, err error) error {
	held := r.hold.Held()
	if held == nil {
		return err
	}
	if _, lost := r.hold.Check(ctx); fault.Is(lost, fault.Locked) {
		return lost
	}
	return held // the ledger cannot be read, or does not say yet who has it
}

// end closes the operation with what stands, and turns the outcome into the
// result. An operation that was taken over is no longer ours to close.
func (r *run) end(ctx context.Context, err error) (Result, error) {
	look := r.e.undoLimit()
	switch {
	case err == nil:
	case ctx.Err() != nil: // who interrupts does not wait for a service that does not answer
		look = lastLook
	case fault.Is(err, fault.Unavailable):
		look = r.e.lookLimit()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.e.undoLimit())
	defer cancel()
	if fault.Is(err, fault.Locked) {
		r.report(Event{Kind: Ended, Result: delivery.ResultLost, Error: fault.CleanAddresses(err.Error())})
		return Result{}, err
	}
	now, seeErr := r.last, error(nil)
	switch {
	case r.blind:
		seeErr = err
	case err != nil || now == nil:
		look, stop := context.WithTimeout(ctx, look)
		now, seeErr = r.look(look)
		stop()
	}
	result := resultOf(err)
	entry := delivery.Entry{Result: result, Settled: err == nil}
	if seeErr == nil {
		entry.After = now.standing()
		entry.Settled = err == nil || r.isBack(now)
	}
	if err != nil {
		entry.Error, entry.Next = fault.CleanAddresses(err.Error()), fault.HintOf(err)
	}
	if closeErr := r.hold.Close(ctx, entry); fault.Is(closeErr, fault.Locked) {
		r.report(Event{Kind: Ended, Result: delivery.ResultLost, Error: closeErr.Error()})
		return Result{}, closeErr
	} else if closeErr != nil {
		err = fault.Begun(errors.Join(err, fmt.Errorf("close the operation in the ledger: %w", closeErr)))
		result, entry.Error = resultOf(err), fault.CleanAddresses(err.Error())
	}
	r.report(Event{Kind: Ended, Result: result, Error: entry.Error, Standing: entry.After})
	if err != nil {
		return Result{}, err
	}
	return Result{
		Operation: r.op, Changed: true, Steps: int(r.count.Load()), Standing: entry.After,
	}, nil
}

// lastLook is how long a look after an interrupt may take. With the grace time of
// a step it is less than ten seconds.
const lastLook = 3 * time.Second

// isBack reports whether everything that was to move is live as it was before.
func (r *run) isBack(now sight) bool {
	for _, x := range now {
		if x.State.Live != r.way.live(x.Place, x.Component) {
			return false
		}
	}
	return r.way != nil
}

func resultOf(err error) delivery.Result {
	switch {
	case err == nil:
		return delivery.ResultDone
	case fault.Is(err, fault.Locked):
		return delivery.ResultLost
	case errors.Is(err, errStopped):
		return delivery.ResultStopped
	case fault.Is(err, fault.Closed):
		return delivery.ResultShut
	case fault.Is(err, fault.Pending):
		return delivery.ResultWaiting
	case fault.Is(err, fault.Interrupted):
		return delivery.ResultInterrupted
	default:
		return delivery.ResultFailed
	}
}
