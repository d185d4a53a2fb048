package engine

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// silent is a target in whose first step a service stops to answer, for good.
type silent struct {
	*world
	dead   atomic.Bool
	looks  atomic.Int32  // that got no answer
	looked chan struct{} // one of them began
}

func (s *silent) Do(ctx context.Context, p delivery.Placement, step delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if p.Place.Environment != "prd" || p.Version != "2" {
		return s.world.Do(ctx, p, step, report)
	}
	s.dead.Store(true)
	return delivery.Outcome{}, fault.New(fault.Unavailable, "the answer has status 500")
}

func (s *silent) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	if !s.dead.Load() {
		return s.world.Observe(ctx, p)
	}
	s.looks.Add(1)
	select {
	case s.looked <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return delivery.State{}, ctx.Err()
}

// After a step that a service did not answer there is one look, which is short, and
// an interrupt ends it. The error says that nothing is known, and what to do next;
// the ledger says that nothing is settled.
func TestAfterAnOutageThereIsOneShortLook(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		verb      delivery.Verb
		limit     time.Duration
		interrupt bool
		next      string
	}{
		"provision":              {delivery.VerbProvision, 50 * time.Millisecond, false, "falkirk provision 2 --to prd"},
		"provision, interrupted": {delivery.VerbProvision, time.Hour, true, "falkirk provision 2 --to prd"},
		"promote":                {delivery.VerbPromote, 50 * time.Millisecond, false, "falkirk converge prd"},
		"promote, interrupted":   {delivery.VerbPromote, time.Hour, true, "falkirk converge prd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1")
			e := w.engine()
			run := func(ctx context.Context, env string, verb delivery.Verb) error {
				_, err := e.Run(ctx, Request{Verb: verb, Environment: env, Version: "2", Actor: "ann"})
				return err
			}
			for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote} {
				if err := run(t.Context(), "dev", verb); err != nil {
					t.Fatal(err)
				}
			}
			if test.verb == delivery.VerbPromote {
				if err := run(t.Context(), "prd", delivery.VerbProvision); err != nil {
					t.Fatal(err)
				}
			}
			s := &silent{world: w, looked: make(chan struct{}, 1)}
			e.Targets, e.LookLimit = map[string]Target{"world": s}, test.limit
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- run(ctx, "prd", test.verb) }()
			if test.interrupt {
				<-s.looked
				cancel()
			}
			var err error
			select {
			case err = <-done:
			case <-time.After(9 * time.Second):
				t.Fatal("it does not end")
			}
			if fault.ExitCode(err) != 1 || !strings.Contains(err.Error(), "status 500") || !strings.Contains(err.Error(), "it is not known what is in prd now") || !strings.Contains(fault.HintOf(err), test.next) {
				t.Errorf("%v (%s)", err, fault.HintOf(err))
			}
			if errors.Is(err, context.Canceled) != test.interrupt {
				t.Errorf("interrupted %t: %v", test.interrupt, err)
			}
			if n, want := int(s.looks.Load()), 4; n > want {
				t.Errorf("there were %d looks at 4 placements", n)
			}
			if rec := w.record(t, "prd"); rec.Open != nil || test.verb == delivery.VerbPromote && rec.Way == nil {
				t.Errorf("the ledger says %+v", rec)
			}
		})
	}
}
