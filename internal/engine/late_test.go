package engine

import (
	"context"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

// disturbed calls a function after each step that the world has done.
type disturbed struct {
	*world
	after func(delivery.Step)
}

func (d disturbed) Do(ctx context.Context, p delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	out, err := d.world.Do(ctx, p, s, report)
	d.after(s)
	return out, err
}

// A promotion was interrupted, and one of its requests arrives during the next
// operation: that one looks again and repairs it before it says that it is done.
// Where this does not end, it says so. Where the operation before has ended,
// nothing is looked at once more.
func TestLateRequestsAreRepaired(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		interrupted bool
		arrivals    int
		want        fault.Kind
		warned      int
	}{
		"none":     {true, 0, -1, 0},
		"one":      {true, 1, -1, 1},
		"some":     {true, 3, -1, 3},
		"no end":   {true, 1000, fault.Internal, 3}, // the way back is disturbed, too: not everything is back
		"no cause": {false, 1, fault.Internal, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1", "2", "3")
			if c.interrupted {
				interrupt(t, w, "2")
			}
			arrivals := c.arrivals
			e := w.engine()
			e.Targets = map[string]Target{"world": disturbed{w, func(s delivery.Step) {
				if last := s.Place.Region == "us" && s.Component == "api"; !last || arrivals == 0 || s.Phase != delivery.Promote {
					return
				}
				arrivals--
				w.mu.Lock()
				defer w.mu.Unlock()
				w.at(delivery.Placement{Place: s.Place, Component: s.Component}).live = "2"
			}}}
			_, err := e.Run(t.Context(), Request{Verb: delivery.VerbRollback, Environment: "prd", Version: "1", Actor: "bob"})
			if c.want < 0 && err != nil || c.want >= 0 && !fault.Is(err, c.want) {
				t.Fatalf("it says %v", err)
			}
			if c.want < 0 {
				wantLive(t, w, "prd", "1")
			}
			warned := 0
			for _, ev := range w.events {
				if ev.Kind == Warned && strings.Contains(ev.Note, "late requests") {
					warned++
				}
			}
			if warned != c.warned {
				t.Errorf("%d warnings, want %d", warned, c.warned)
			}
		})
	}
}

// interrupt leaves a promotion to a version unsettled.
func interrupt(t *testing.T, w *world, version string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := w.engine()
	e.Targets = map[string]Target{"world": disturbed{w, func(delivery.Step) { cancel() }}}
	_, err := e.Run(ctx, Request{Verb: delivery.VerbPromote, Environment: "prd", Version: version, Actor: "ann"})
	if !fault.Is(err, fault.Interrupted) || w.record(t, "prd").Way == nil {
		t.Fatalf("it was not interrupted: %v", err)
	}
	if slices.Equal(w.lives("prd"), []string{version}) {
		t.Fatal("the interrupted promotion is done")
	}
}

// Hooks and gates of an operation that did not end are ended before the next one
// writes. What cannot be ended may still write: then nothing is written.
func TestWhatAnOperationLeftRunningIsEnded(t *testing.T) {
	t.Parallel()
	for name, remain := range map[string][]string{"all end": nil, "one does not": {"sh (process 7)"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1")
			if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "dev", Version: "2"}); err != nil {
				t.Fatal(err)
			}
			dead := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
			dead.Holder.PID = 1 << 30
			op := delivery.Operation{ID: "killed", Verb: delivery.VerbPromote, Environment: "dev", Version: "2"}
			if _, _, err := ledger.New(w.store, "shop", "dev", dead).Begin(t.Context(), op); err != nil {
				t.Fatal(err)
			}
			e, before := w.engine(), len(w.served)
			var asked []string
			e.EndChildren = func(operations []string) (ended, remaining []string) {
				asked = operations
				return []string{"sh (process 6)"}, remain
			}
			_, err := e.Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "dev", Version: "2"})
			if !slices.Contains(asked, "killed") {
				t.Errorf("asked about %v", asked)
			}
			if remain == nil && err != nil {
				t.Fatal(err)
			}
			if remain != nil && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), remain[0]) || len(w.served) != before) {
				t.Errorf("%v; written: %v", err, w.served[before:])
			}
		})
	}
}
