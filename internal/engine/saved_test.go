package engine

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// readied is a world on 1 in which 2 stands ready in prd, and the saved plan to
// promote it there.
func readied(t *testing.T) (*world, Saved) {
	t.Helper()
	w := newWorld(t)
	mustTrain(t, w, "1")
	if _, err := w.engine().Train(t.Context(), "dev", Request{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "prd", Version: "2"}); err != nil {
		t.Fatal(err)
	}
	s, _, err := w.engine().Save(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Saved
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	return w, back
}

func TestApplyASavedPlan(t *testing.T) {
	t.Parallel()
	w, s := readied(t)
	res, err := w.engine().Apply(t.Context(), s, "bea")
	if err != nil || !res.Changed || res.Operation.Plan != s.Digest {
		t.Fatalf("%+v, %v", res, err)
	}
	wantLive(t, w, "prd", "2")
	if res, err := w.engine().Apply(t.Context(), s, "bea"); err != nil || res.Changed {
		t.Errorf("a second time: %+v, %v", res, err)
	}
}

func TestApplyIsRefusedWhenTheWorldHasMoved(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		move func(t *testing.T, w *world)
		says string
	}{
		"another operation": {func(t *testing.T, w *world) {
			t.Helper()
			for _, verb := range []delivery.Verb{delivery.VerbPromote, delivery.VerbRollback} {
				req := Request{Verb: verb, Environment: "prd", Version: "2", Actor: "cy"}
				if verb == delivery.VerbRollback {
					req.Version = ""
				}
				if _, err := w.engine().Run(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
		}, "promote 2 by cy"},
		"a place": {func(_ *testing.T, w *world) {
			w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"}).live = "0"
		}, "api in prd/us was on 1 and is on 0"},
		"the app file": {func(_ *testing.T, w *world) {
			w.change = func(a *delivery.App) { a.Environments[1].Keep = 7 }
		}, "the app file has other values"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, s := readied(t)
			tt.move(t, w)
			before := len(w.served)
			_, err := w.engine().Apply(t.Context(), s, "bea")
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("apply says %v, want %q", err, tt.says)
			}
			if len(w.served) != before {
				t.Errorf("it did %v", w.served[before:])
			}
		})
	}
}

func TestAPlanAppliedInPartIsFinished(t *testing.T) {
	t.Parallel()
	w, s := readied(t)
	e := w.engine()
	report, stopped := e.Report, false
	e.Report = func(ev Event) {
		if ev.Kind == Finished && !stopped {
			stopped = true
			if _, err := w.engine().Decide(t.Context(), Decision{Verb: delivery.VerbStop, Environment: "prd", Actor: "cy", Reason: "x"}); err != nil {
				t.Error(err)
			}
		}
		report(ev)
	}
	e.App.Environments[1].Parallel = 1
	s.Read.App = digest(e.App)
	if _, err := e.Apply(t.Context(), s, "bea"); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	decide(t, w, Decision{Verb: delivery.VerbResume, Environment: "prd"})
	w.change = func(a *delivery.App) { a.Environments[1].Parallel = 1 }
	if _, err := w.engine().Apply(t.Context(), s, "bea"); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "2")
}

func TestAnEditedPlanIsRefused(t *testing.T) {
	t.Parallel()
	w, s := readied(t)
	s.Plan.Places[0].Steps[0].Version = "3"
	if _, err := w.engine().Apply(t.Context(), s, "bea"); !fault.Is(err, fault.Invalid) {
		t.Errorf("apply says %v", err)
	}
}

// TestAPlanIsBoundToItsSettings changes what a target is told between the
// question and its repetition: it is another plan then.
func TestAPlanIsBoundToItsSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	var plans []string
	w.answer = func(q delivery.Question) delivery.Verdict {
		plans = append(plans, q.Plan)
		return delivery.Verdict{Answer: delivery.Waiting}
	}
	for _, path := range []string{"/a", "/a", "/b"} {
		w.change = func(a *delivery.App) {
			prd := &a.Environments[1]
			prd.Gates = []delivery.GateSetting{{Name: "board", Kind: "world", Once: true, When: delivery.Before(delivery.Promote)}}
			prd.Landings[0].Settings = json.RawMessage(`{"path":"` + path + `"}`)
		}
		if err := train(t, w, "2"); !fault.Is(err, fault.Pending) {
			t.Fatal(err)
		}
	}
	if len(plans) != 3 || plans[0] != plans[1] || plans[1] == plans[2] {
		t.Errorf("asked about %v; want the same plan twice, then another", plans)
	}
}
