package engine

import (
	"context"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/internal/rule"
)

func decide(t *testing.T, w *world, d Decision) {
	t.Helper()
	d.Actor = "bea"
	done, err := w.engine().Decide(t.Context(), d)
	if err != nil || !done.Changed {
		t.Fatalf("%s: changed %v, %v", d.Verb, done.Changed, err)
	}
	if again, err := w.engine().Decide(t.Context(), d); err != nil || again.Changed {
		t.Errorf("%s a second time: changed %v, %v", d.Verb, again.Changed, err)
	}
}

// wantRefused runs a request that somebody has ruled out: nothing is written,
// and the refusal says who and why.
func wantRefused(t *testing.T, w *world, req Request, cause rule.Cause, words ...string) {
	t.Helper()
	req.Actor = "ann"
	before, last := len(w.served), w.record(t, req.Environment).Last
	_, err := w.engine().Run(t.Context(), req)
	if !fault.Is(err, fault.Refused) {
		t.Fatalf("%s %s says %v, want a refusal", req.Verb, req.Version, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error()+fault.HintOf(err), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if len(w.served) != before || w.record(t, req.Environment).Last != last {
		t.Errorf("%s wrote: %v", req.Verb, w.served[before:])
	}
	if req.Verb == delivery.VerbPromote {
		o, err := w.engine().Why(t.Context(), req.Version, req.Environment)
		if err != nil || o.Cause != cause {
			t.Errorf("why says %s, %v; want %s", o.Cause, err, cause)
		}
	}
}

func TestWhatPeopleDecidedIsHonoured(t *testing.T) {
	t.Parallel()
	promote := func(v string) Request {
		return Request{Verb: delivery.VerbPromote, Environment: "prd", Version: v}
	}
	rollback := Request{Verb: delivery.VerbRollback, Environment: "prd"}
	prune := Request{Verb: delivery.VerbPrune, Environment: "prd"}
	tests := []struct {
		name           string
		decide, revoke Decision
		refused        []Request
		cause          rule.Cause
	}{
		{
			"hold",
			Decision{Verb: delivery.VerbHold, Environment: "prd", Reason: "audit"},
			Decision{Verb: delivery.VerbRelease, Environment: "prd"},
			[]Request{promote("3"), rollback},
			rule.Held,
		},
		{
			"ban",
			Decision{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: "3", Reason: "audit"},
			Decision{Verb: delivery.VerbUnban, Environment: delivery.Everywhere, Version: "3"},
			[]Request{promote("3"), {Verb: delivery.VerbProvision, Environment: "prd", Version: "3"}},
			rule.Banned,
		},
		{
			"stop",
			Decision{Verb: delivery.VerbStop, Environment: "prd", Reason: "audit"},
			Decision{Verb: delivery.VerbResume, Environment: "prd"},
			[]Request{promote("3"), rollback, prune},
			rule.Stopped,
		},
		{
			"stop all",
			Decision{Verb: delivery.VerbStop, Environment: delivery.Everywhere, Reason: "audit"},
			Decision{Verb: delivery.VerbResume, Environment: delivery.Everywhere},
			[]Request{promote("3"), rollback, prune},
			rule.Stopped,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1", "2")
			if _, err := w.engine().Train(t.Context(), "dev", Request{Version: "3"}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "prd", Version: "3"}); err != nil {
				t.Fatal(err)
			}
			decide(t, w, tt.decide)
			for _, req := range tt.refused {
				wantRefused(t, w, req, tt.cause, "bea", "audit", "falkirk "+string(tt.revoke.Verb))
			}
			wantLive(t, w, "prd", "2")
			tt.revoke.Actor = "cy"
			decide(t, w, tt.revoke)
			mustTrain(t, w, "3")
		})
	}
}

// TestDecisionsReachARunUnderWay decides while the first of two places has been
// switched: a ban and a hold take the run back, a stop leaves it where it is.
func TestDecisionsReachARunUnderWay(t *testing.T) {
	t.Parallel()
	for verb, want := range map[delivery.Verb]delivery.Result{
		delivery.VerbBan: delivery.ResultFailed, delivery.VerbHold: delivery.ResultFailed, delivery.VerbStop: delivery.ResultStopped,
	} {
		t.Run(string(verb), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1")
			d := Decision{Verb: verb, Environment: "prd", Actor: "bea", Reason: "smoke"}
			if verb == delivery.VerbBan {
				d.Environment, d.Version = delivery.Everywhere, "2"
			}
			err := decideAtFirstSwitch(t, w, d)
			if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "smoke") {
				t.Fatalf("train says %v", err)
			}
			rec := w.record(t, "prd")
			if verb == delivery.VerbStop {
				if n := len(w.lives("prd")); n != 2 || rec.Way == nil {
					t.Errorf("stopped: %v is live, way back %v; want the run left in its midst", w.lives("prd"), rec.Way)
				}
				decide(t, w, Decision{Verb: delivery.VerbResume, Environment: "prd"})
				mustTrain(t, w, "2")
				wantLive(t, w, "prd", "2")
				return
			}
			wantLive(t, w, "prd", "1")
			if f, has := rec.Failed("2"); !has || f.Result != want || rec.Way != nil {
				t.Errorf("the ledger says %+v, way back %v", f, rec.Way)
			}
		})
	}
}

// TestADecisionDuringAnyCallIsHonoured decides during each call of a promotion
// that looks, switches, asks a gate or runs a hook: also during the last one.
func TestADecisionDuringAnyCallIsHonoured(t *testing.T) {
	t.Parallel()
	ready := newWorld(t)
	ready.change = func(a *delivery.App) {
		a.Environments[1].Hooks = []delivery.Hook{{Name: "tell", Kind: "world", When: delivery.After(delivery.Promote)}}
	}
	mustTrain(t, ready, "1")
	if _, err := ready.engine().Train(t.Context(), "dev", Request{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ready.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "prd", Version: "2"}); err != nil {
		t.Fatal(err)
	}
	decisions := []Decision{
		{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: "2", Actor: "bea", Reason: "smoke"},
		{Verb: delivery.VerbHold, Environment: "prd", Actor: "bea", Reason: "smoke"},
		{Verb: delivery.VerbStop, Environment: "prd", Actor: "bea", Reason: "smoke"},
		{Verb: delivery.VerbStop, Environment: delivery.Everywhere, Actor: "bea", Reason: "smoke"},
	}
	for _, d := range decisions {
		for at := 1; ; at++ {
			w, decided := ready.clone(), false
			w.store.trap = &trap{} // the store's calls are not counted
			w.trap.at, w.trap.instead = at, func() {
				decided = true
				if _, err := w.engine().Decide(context.WithoutCancel(t.Context()), d); err != nil {
					t.Error(err)
				}
			}
			_, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"})
			if !decided {
				if at < 10 || err != nil {
					t.Fatalf("%s: %d calls, %v", d.Verb, at-1, err)
				}
				break
			}
			if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "smoke") {
				t.Errorf("%s of %q during call %d: the promotion says %v", d.Verb, d.Environment, at, err)
			}
			if d.Verb != delivery.VerbStop {
				wantLive(t, w, "prd", "1")
			}
		}
	}
}

func decideAtFirstSwitch(t *testing.T, w *world, d Decision) error {
	t.Helper()
	e := w.engine()
	report, decided := e.Report, false
	e.Report = func(ev Event) {
		if ev.Kind == Finished && ev.Operation.Environment == "prd" && ev.Step.Action == "switch" && !decided {
			decided = true
			if _, err := w.engine().Decide(context.WithoutCancel(t.Context()), d); err != nil {
				t.Error(err)
			}
		}
		report(ev)
	}
	e.App.Environments[1].Parallel = 1
	_, err := e.Train(t.Context(), "prd", Request{Version: "2"})
	return err
}

func TestABannedReleaseIsNoWayBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change = func(a *delivery.App) { a.Environments[1].Keep = 3 }
	mustTrain(t, w, "1", "2", "3")
	decide(t, w, Decision{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: "2", Reason: "leak"})
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbRollback, Environment: "prd"}); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "1")
}

func TestSoakAndTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change = func(a *delivery.App) { a.Environments[1].Soak = delivery.Duration(1 << 62) }
	err := train(t, w, "1")
	if !fault.Is(err, fault.Pending) || !strings.Contains(err.Error(), "must have been live in dev") {
		t.Fatalf("train says %v, want soak", err)
	}
	for newer, want := range map[delivery.Newer]struct{ old, new string }{
		delivery.NewerSupersedes: {"superseded by 2", ""}, delivery.NewerWaits: {"", "waits in prd before 2"},
	} {
		w := newWorld(t)
		w.change = func(a *delivery.App) {
			a.Environments[1].Newer = newer
			a.Environments[1].Gates = []delivery.GateSetting{{Name: "board", Kind: "world", When: delivery.Before(delivery.Promote)}}
		}
		w.gate = delivery.Waiting
		for _, v := range []string{"1", "2"} {
			if err := train(t, w, v); !fault.Is(err, fault.Pending) {
				t.Fatalf("train %s says %v, want pending", v, err)
			}
		}
		w.gate = delivery.Open
		_, oldErr := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1", Actor: "ann"})
		if want.old != "" && (oldErr == nil || !strings.Contains(oldErr.Error(), want.old)) {
			t.Errorf("%s: the older one says %v", newer, oldErr)
		}
		if want.old == "" && oldErr != nil {
			t.Errorf("%s: the older one says %v", newer, oldErr)
		}
		mustTrain(t, w, "2")
		wantLive(t, w, "prd", "2")
	}
}

func TestWaitingLeavesTheEnvironmentFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change = func(a *delivery.App) {
		a.Environments[1].Gates = []delivery.GateSetting{{Name: "board", Kind: "world", When: delivery.Before(delivery.Promote)}}
	}
	var plans []string
	w.answer = func(q delivery.Question) delivery.Verdict {
		w.mu.Lock()
		defer w.mu.Unlock()
		plans = append(plans, q.Plan)
		return delivery.Verdict{Answer: delivery.Waiting, Reason: "1 of 2", Next: "falkirk approve prd"}
	}
	for range 2 {
		if err := train(t, w, "1"); !fault.Is(err, fault.Pending) || fault.HintOf(err) != "falkirk approve prd" {
			t.Fatalf("train says %v (%s)", err, fault.HintOf(err))
		}
	}
	rec := w.record(t, "prd")
	if rec.Open != nil || len(rec.Waiting) != 1 || rec.Waiting[0].Plan != plans[0] || rec.Waiting[0].Next != "falkirk approve prd" {
		t.Errorf("open %v, waiting %+v; want one that waits with plan %s", rec.Open, rec.Waiting, plans[0])
	}
	if len(slices.Compact(plans)) != 1 {
		t.Errorf("the same plan was asked about as %v", plans)
	}
}

// TestForwardGatesAreNotAskedOfARollback lets a gate wait: the way back is free,
// and what waits to go back or was passed over waits no longer.
func TestForwardGatesAreNotAskedOfARollback(t *testing.T) {
	t.Parallel()
	for _, forward := range []bool{true, false} {
		w := newWorld(t)
		mustTrain(t, w, "1", "2")
		w.change = func(a *delivery.App) {
			a.Environments[1].Gates = []delivery.GateSetting{{Name: "board", Kind: "world", Forward: forward, When: delivery.Before(delivery.Promote)}}
		}
		w.gate = delivery.Waiting
		if err := train(t, w, "3"); !fault.Is(err, fault.Pending) {
			t.Fatalf("train says %v", err)
		}
		back := Request{Verb: delivery.VerbRollback, Environment: "prd", Actor: "dan"}
		_, err := w.engine().Run(t.Context(), back)
		if forward != (err == nil) {
			t.Errorf("forward %v: rollback says %v", forward, err)
		}
		if forward {
			wantLive(t, w, "prd", "1")
			continue
		}
		w.gate = delivery.Open
		mustTrain(t, w, "3")
		if rec := w.record(t, "prd"); len(rec.Waiting) > 0 {
			t.Errorf("3 is live, and there waits still %+v", rec.Waiting)
		}
	}
}

// TestARuleHoldsNothingBackThatIsLive: a release that went live out of order is
// promoted again after a killed run of another one has left the ledger open.
func TestARuleHoldsNothingBackThatIsLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote} {
		req := Request{Verb: verb, Environment: "prd", Version: "1", Reason: "first of all"}
		if _, err := w.engine().Run(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	dead := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
	dead.Holder.PID = 1 << 30
	op := delivery.Operation{ID: "killed", Verb: delivery.VerbProvision, Environment: "prd", Version: "2"}
	if _, _, err := ledger.New(w.store, "shop", "prd", dead).Begin(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	if rec := w.record(t, "prd"); rec.Open != nil || rec.Live() != "1" {
		t.Errorf("open %v, live %q", rec.Open, rec.Live())
	}
}

// TestPruneKeepsTheUsableWayBack: a banned release and one that failed do not
// take the place of the last release that a rollback can go to.
func TestPruneKeepsTheUsableWayBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		decide func(t *testing.T, w *world)
	}{
		{"banned", func(t *testing.T, w *world) {
			decide(t, w, Decision{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: "2", Reason: "leaks"})
		}},
		{"failed", func(t *testing.T, w *world) {
			w.gate = delivery.Shut
			if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"}); err == nil {
				t.Fatal("a gate is closed, and the promotion says done")
			}
			w.gate = delivery.Open
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, v := range []string{"1", "2", "3"} {
				if _, err := w.engine().Train(t.Context(), "prd", Request{Version: v, Actor: "ann"}); err != nil {
					t.Fatal(err)
				}
			}
			tt.decide(t, w)
			if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPrune, Environment: "prd", Actor: "ann"}); err != nil {
				t.Fatal(err)
			}
			for _, x := range testApp().Environments[1].Landings {
				have := w.at(delivery.Placement{Place: x.Place, Component: x.Component}).present
				if !slices.Equal(have, []string{"1", "3"}) {
					t.Errorf("%s in %s has %v, want 1 and 3", x.Component, x.Place, have)
				}
			}
			res, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbRollback, Environment: "prd", Actor: "ann"})
			if err != nil || res.Operation.Version != "1" {
				t.Errorf("the rollback goes to %q: %v", res.Operation.Version, err)
			}
		})
	}
}

// TestABannedReleaseThatIsLiveIsNoWayBack: who promotes over it is told.
func TestABannedReleaseThatIsLiveIsNoWayBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []string{"1", "2"} {
		if v == "2" {
			decide(t, w, Decision{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: "1", Reason: "leaks"})
		}
		if _, err := w.engine().Train(t.Context(), "dev", Request{Version: v, Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	warned := slices.ContainsFunc(w.events, func(ev Event) bool {
		return ev.Kind == Warned && strings.Contains(ev.Note, "1 is banned")
	})
	if !warned {
		t.Error("nobody is told that no rollback goes to 1")
	}
}
