package engine

import (
	"context"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// agreement is one thing that a person can agree to before it is done.
type agreement struct {
	prepare func(t *testing.T, w *world)
	digest  func(t *testing.T, e *Engine) (string, error)
	do      func(t *testing.T, e *Engine, agreed string) error
}

// agreeable is each of them, on a world where it has something to do.
var agreeable = map[string]agreement{
	"provision": agreeRun(delivery.VerbProvision, "2", func(t *testing.T, w *world) { t.Helper(); mustTrain(t, w, "1") }),
	"promote": agreeRun(delivery.VerbPromote, "2", func(t *testing.T, w *world) {
		t.Helper()
		mustTrain(t, w, "1")
		mustTrainTo(t, w, "dev", "2")
		mustRun(t, w, Request{Verb: delivery.VerbProvision, Environment: "prd", Version: "2"})
	}),
	"rollback": agreeRun(delivery.VerbRollback, "", func(t *testing.T, w *world) { t.Helper(); mustTrain(t, w, "1", "2") }),
	"prune":    agreeRun(delivery.VerbPrune, "", func(t *testing.T, w *world) { t.Helper(); mustTrain(t, w, "1", "2", "3") }),
	"train": {
		prepare: func(t *testing.T, w *world) { t.Helper(); mustTrain(t, w, "1") },
		digest: func(t *testing.T, e *Engine) (string, error) {
			t.Helper()
			return e.TrainDigest(t.Context(), "prd", "2")
		},
		do: func(t *testing.T, e *Engine, agreed string) error {
			t.Helper()
			_, err := e.Train(t.Context(), "prd", Request{Version: "2", Agreed: agreed})
			return err
		},
	},
	"converge": {
		prepare: func(t *testing.T, w *world) {
			t.Helper()
			mustTrain(t, w, "1", "2")
			w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"}).live = "1"
		},
		digest: func(t *testing.T, e *Engine) (string, error) {
			t.Helper()
			return e.ConvergeDigest(t.Context(), Request{Environment: "prd"})
		},
		do: func(t *testing.T, e *Engine, agreed string) error {
			t.Helper()
			_, err := e.Converge(t.Context(), Request{Environment: "prd", Agreed: agreed})
			return err
		},
	},
}

func agreeRun(verb delivery.Verb, version string, prepare func(*testing.T, *world)) agreement {
	req := Request{Verb: verb, Environment: "prd", Version: version}
	digest := func(t *testing.T, e *Engine) (string, error) {
		t.Helper()
		_, d, err := e.Preview(t.Context(), req)
		return d, err
	}
	return agreement{prepare, digest, func(t *testing.T, e *Engine, agreed string) error {
		t.Helper()
		req := req
		req.Agreed = agreed
		_, err := e.Run(t.Context(), req)
		return err
	}}
}

func mustRun(t *testing.T, w *world, req Request) {
	t.Helper()
	if _, err := w.engine().Run(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasAgreedToIsDone, and after something has moved nothing is done at all.
func TestWhatWasAgreedToIsDone(t *testing.T) {
	t.Parallel()
	for name, c := range agreeable {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.prepare(t, w)
			digest, err := c.digest(t, w.engine())
			if err != nil {
				t.Fatal(err)
			}
			before, last := len(w.served), w.record(t, "prd").Last
			if err := c.do(t, w.engine(), "sha256:another"); !fault.Is(err, fault.Conflict) || len(w.served) != before {
				t.Errorf("with another digest: %v, and did %v", err, w.served[before:])
			}
			if now := w.record(t, "prd").Last; now != last {
				t.Errorf("with another digest the ledger went from %d to %d", last, now)
			}
			if err := c.do(t, w.engine(), digest); err != nil || len(w.served) == before {
				t.Errorf("with its digest: %v, and did %v", err, w.served[before:])
			}
		})
	}
}

// late is a ledger that something comes before when an environment is taken.
type late struct {
	Ledger
	before func()
}

func (l late) Begin(ctx context.Context, op delivery.Operation) (Hold, delivery.Record, error) {
	l.before()
	return l.Ledger.Begin(ctx, op)
}

// TestWhatMovesAfterTheAgreement: somebody else works in the environment between the
// look and the moment at which it is taken. The engine looks again, and refuses.
func TestWhatMovesAfterTheAgreement(t *testing.T) {
	t.Parallel()
	moves := map[string]spot{ // what somebody else has done in a place
		"provision": {live: "1", present: []string{"1", "2"}},
		"promote":   {live: "2", present: []string{"1", "2"}},
		"rollback":  {live: "1", present: []string{"1", "2"}},
		"prune":     {live: "3", present: []string{"0", "1", "2", "3"}},
		"converge":  {live: "1", present: []string{"1", "2"}},
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, c := newWorld(t), agreeable[name]
			c.prepare(t, w)
			digest, err := c.digest(t, w.engine())
			if err != nil {
				t.Fatal(err)
			}
			before := len(w.served)
			e := w.engine()
			ledgers := e.Ledger
			e.Ledger = func(env string) Ledger {
				return late{ledgers(env), func() {
					if _, err := ledgers(env).Decide(t.Context(), delivery.Entry{Event: delivery.Decided, Operation: delivery.Operation{
						ID: "other", Verb: delivery.VerbApprove, App: "shop", Environment: env, Version: "7", Actor: "bea",
					}}); err != nil {
						t.Error(err)
					}
					w.mu.Lock()
					defer w.mu.Unlock()
					*w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "web"}) = move
				}}
			}
			if err := c.do(t, e, digest); !fault.Is(err, fault.Conflict) || len(w.served) != before {
				t.Errorf("%v, and did %v", err, w.served[before:])
			}
			if w.record(t, "prd").Open != nil {
				t.Error("the environment is still held")
			}
		})
	}
}

// TestAnAgreementToRetire is about one list of what is gone.
func TestAnAgreementToRetire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	w.change = func(a *delivery.App) {
		p := &a.Environments[1]
		p.Places, p.Landings = p.Places[:1], p.Landings[:2]
	}
	r := Retirement{Scope: delivery.Scope{Place: "prd/us"}, Actor: "ann", Reason: "gone", DryRun: true}
	found, err := w.engine().Retire(t.Context(), r)
	if err != nil || len(found.Retired) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	r.DryRun, r.Agreed = false, "sha256:another"
	if _, err := w.engine().Retire(t.Context(), r); !fault.Is(err, fault.Conflict) || len(w.record(t, "prd").Orphans(w.engine().App.Environments[1])) != 2 {
		t.Errorf("with another digest: %v", err)
	}
	r.Agreed = found.Digest()
	if done, err := w.engine().Retire(t.Context(), r); err != nil || !done.Changed {
		t.Errorf("with its digest: %+v, %v", done, err)
	}
}
