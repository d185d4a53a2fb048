package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

func train(t *testing.T, w *world, version string) error {
	t.Helper()
	_, err := w.engine().Train(t.Context(), "prd", Request{Version: version, Actor: "ann"})
	return err
}

func mustTrain(t *testing.T, w *world, versions ...string) {
	t.Helper()
	for _, v := range versions {
		if err := train(t, w, v); err != nil {
			t.Fatalf("train %s: %v", v, err)
		}
	}
}

func wantLive(t *testing.T, w *world, env, want string) {
	t.Helper()
	if got := w.lives(env); !slices.Equal(got, []string{want}) {
		t.Errorf("%s is on %q, want %q everywhere", env, got, want)
	}
}

func TestTrainTakesAReleaseEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1", "2")
	wantLive(t, w, "dev", "2")
	wantLive(t, w, "prd", "2")
	before := len(w.served)
	mustTrain(t, w, "2")
	if len(w.served) != before {
		t.Errorf("a second train did %v", w.served[before:])
	}
	if rec := w.record(t, "prd"); rec.Live() != "2" || rec.Previous(delivery.Record{}) != "1" || rec.Open != nil || rec.Way != nil {
		t.Errorf("the ledger says live %q, previous %q, open %v, way %v", rec.Live(), rec.Previous(delivery.Record{}), rec.Open, rec.Way)
	}
}

func TestClosedGateMovesEveryPlaceBack(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		w, old := newWorld(t), ""
		if !first {
			mustTrain(t, w, "1")
			old = "1"
		}
		w.gate = delivery.Shut
		err := train(t, w, "2")
		if !fault.Is(err, fault.Closed) || !strings.Contains(err.Error(), "so the test says") {
			t.Fatalf("train says %v, want a closed gate with its reason", err)
		}
		wantLive(t, w, "dev", "2")
		wantLive(t, w, "prd", old)
		if rec := w.record(t, "prd"); rec.Way != nil || rec.Live() != old {
			t.Errorf("the ledger says live %q, way back %v", rec.Live(), rec.Way)
		}
	}
}

func TestPendingGateLeavesTheReleaseAndIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	w.gate = delivery.Waiting
	if err := train(t, w, "2"); !fault.Is(err, fault.Pending) {
		t.Fatalf("train says %v, want pending", err)
	}
	wantLive(t, w, "prd", "2")
	if rec := w.record(t, "prd"); rec.Live() != "1" || rec.Way == nil || rec.Open != nil {
		t.Errorf("live %q, way %v, open %v; want 1, a way back, and nothing held", rec.Live(), rec.Way, rec.Open)
	}
	w.gate = delivery.Shut
	if err := train(t, w, "2"); !fault.Is(err, fault.Closed) {
		t.Fatalf("train says %v, want closed", err)
	}
	wantLive(t, w, "prd", "1")
}

func TestFailureInOnePlaceMovesTheOthersBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	w.broken["prd/us api switch"] = errors.New("no power")
	err := train(t, w, "2")
	if fault.ExitCode(err) != 1 || !strings.Contains(err.Error(), "prd/us: api: switch to 2: no power") {
		t.Fatalf("train says %v", err)
	}
	wantLive(t, w, "prd", "1")
	delete(w.broken, "prd/us api switch")
	mustTrain(t, w, "2")
	wantLive(t, w, "prd", "2")
}

func TestFailedProvisionRemovesOnlyWhatItAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	eu := delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "eu"}, Component: "api"}
	w.at(eu).present = append(w.at(eu).present, "2") // ready before this run
	w.broken["prd/us web lay"] = errors.New("disk full")
	if err := train(t, w, "2"); err == nil {
		t.Fatal("train says done")
	}
	if !slices.Contains(w.at(eu).present, "2") {
		t.Error("what was ready before the run was removed")
	}
	eu.Component = "web"
	if slices.Contains(w.at(eu).present, "2") {
		t.Error("what the run added stays")
	}
	wantLive(t, w, "prd", "1")
}

func TestOrderOfEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote} {
		_, err := e.Run(t.Context(), Request{Verb: verb, Environment: "prd", Version: "1"})
		if verb == delivery.VerbProvision && err != nil {
			t.Fatal(err)
		}
		if verb == delivery.VerbPromote && !fault.Is(err, fault.Refused) {
			t.Fatalf("promote says %v, want refused", err)
		}
	}
	req := Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1", Reason: "fire"}
	if _, err := e.Run(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "1")
}

func TestRollbackAndPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1", "2", "3")
	e := w.engine()
	if _, err := e.Run(t.Context(), Request{Verb: delivery.VerbRollback, Environment: "prd"}); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "2")
	if _, err := e.Run(t.Context(), Request{Verb: delivery.VerbPrune, Environment: "prd"}); err != nil {
		t.Fatal(err)
	}
	for key, s := range w.spots {
		if strings.HasPrefix(key, "prd") && !cmp.Equal(s.present, []string{"1", "2"}) {
			t.Errorf("%s has %v, want 1 and 2: 3 was rolled back", key, s.present)
		}
	}
}

func TestPruneStopsWhenItIsUnclearWhatServes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1", "2", "3")
	w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"}).live = "1"
	before := len(w.served)
	_, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPrune, Environment: "prd"})
	if !fault.Is(err, fault.Refused) || len(w.served) != before {
		t.Errorf("prune says %v and did %v", err, w.served[before:])
	}
}

func TestInterruptStopsBetweenStepsAndRepeatingFinishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	ctx, cancel := context.WithCancel(t.Context())
	e := w.engine()
	report := e.Report
	e.Report = func(ev Event) {
		if ev.Kind == Finished && ev.Operation.Environment == "prd" && ev.Step.Action == "switch" {
			cancel()
		}
		report(ev)
	}
	e.App.Environments[1].Parallel = 1
	_, err := e.Train(ctx, "prd", Request{Version: "2"})
	if fault.ExitCode(err) != 130 {
		t.Fatalf("train says %v, want interrupted", err)
	}
	if got := w.lives("prd"); len(got) != 2 {
		t.Fatalf("prd is on %v; the interrupt should have come in the middle", got)
	}
	if rec := w.record(t, "prd"); rec.Open != nil || rec.Way == nil {
		t.Errorf("open %v, way back %v; want nothing held and a way back", rec.Open, rec.Way)
	}
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbRollback, Environment: "prd"}); err != nil {
		t.Fatal("rollback:", err)
	}
	wantLive(t, w, "prd", "1")
}

func TestRepetitionEndsAKilledRunThatHadDoneItAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	dead := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
	dead.Holder.PID = 1 << 30
	op := delivery.Operation{ID: "killed", Verb: delivery.VerbPrune, Environment: "dev"}
	if _, _, err := ledger.New(w.store, "shop", "dev", dead).Begin(t.Context(), op); err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPrune, Environment: "dev"}); err != nil {
		t.Fatal(err)
	}
	if rec := w.record(t, "dev"); rec.Open != nil {
		t.Error("the killed run is still open")
	}
}

func TestRepeatedRollbackGoesOnBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1", "2")
	ctx, cancel := context.WithCancel(t.Context())
	e := w.engine()
	report := e.Report
	e.Report = func(ev Event) {
		if ev.Kind == Finished {
			cancel()
		}
		report(ev)
	}
	e.App.Environments[1].Parallel = 1
	back := Request{Verb: delivery.VerbRollback, Environment: "prd"}
	if _, err := e.Run(ctx, back); !fault.Is(err, fault.Interrupted) {
		t.Fatalf("rollback says %v, want interrupted", err)
	}
	if _, err := w.engine().Run(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "1")
}

func TestPanicInATargetIsAFailureOfItsStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	e := w.engine()
	e.Targets = map[string]Target{"world": panicky{w}}
	if _, err := e.Train(t.Context(), "dev", Request{Version: "2"}); err == nil || !strings.Contains(err.Error(), "panic in target") {
		t.Fatalf("train says %v", err)
	}
	wantLive(t, w, "dev", "1")
}

type panicky struct{ *world }

func (p panicky) Do(ctx context.Context, pl delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if s.Action == "lay" {
		panic("a mistake")
	}
	return p.world.Do(ctx, pl, s, report)
}

// TestEveryCallFailsInTurn makes each call of each port fail once: the run then
// either says done and is, or says why not and leaves every environment whole,
// and repeating it finishes the job.
func TestEveryCallFailsInTurn(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	mustTrain(t, first, "1")
	w := first.clone()
	mustTrain(t, w, "2")
	calls := w.trap.calls
	if calls < 40 {
		t.Fatalf("only %d calls: the trap is not where it should be", calls)
	}
	for n := 1; n <= calls; n += chaos.Count(7, 1) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			failAt(t, first.clone(), n)
		})
	}
}

func failAt(t *testing.T, w *world, n int) {
	t.Helper()
	w.trap.calls, w.trap.at = 0, n
	err := train(t, w, "2")
	w.trap.at = 0
	if err == nil {
		wantLive(t, w, "prd", "2")
	} else if got := w.lives("prd"); len(got) != 1 && w.record(t, "prd").Way == nil {
		t.Errorf("%v: prd is on %v and no way back is recorded", err, got)
	}
	if err := train(t, w, "2"); err != nil {
		t.Fatal("the repetition says", err)
	}
	wantLive(t, w, "dev", "2")
	wantLive(t, w, "prd", "2")
	if rec := w.record(t, "prd"); rec.Live() != "2" || rec.Open != nil || rec.Way != nil {
		t.Errorf("in the end live %q, open %v, way %v", rec.Live(), rec.Open, rec.Way)
	}
}
