package engine

import (
	"errors"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

func converge(t *testing.T, w *world, env string) (Leg, error) {
	t.Helper()
	return w.engine().Converge(t.Context(), Request{Environment: env, Actor: "ann"})
}

func wantCondition(t *testing.T, w *world, when string, want Condition) {
	t.Helper()
	all, err := w.engine().Status(t.Context(), "prd")
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Condition != want {
		t.Errorf("%s it is %s (%s), want %s", when, all[0].Condition, all[0].Partial, want)
	}
}

// What another hand has moved is partial, and converge touches that place only.
func TestConvergeDoesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wantCondition(t, w, "before anything", Empty)
	if _, err := converge(t, w, "prd"); !fault.Is(err, fault.Refused) {
		t.Errorf("nothing to converge to: %v", err)
	}
	mustTrain(t, w, "1", "2")
	wantCondition(t, w, "after two trains", Whole)
	us := w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"})
	us.live, us.present = "1", []string{"1"}
	wantCondition(t, w, "with one place on another release", Partial)
	before := len(w.served)
	if _, err := converge(t, w, "prd"); err != nil {
		t.Fatal(err)
	}
	if did := w.served[before:]; len(did) != 2 {
		t.Errorf("converge did %v, want two steps in one place", did)
	}
	wantLive(t, w, "prd", "2")
	leg, err := converge(t, w, "prd")
	if err != nil || leg.Provision.Changed || leg.Promote.Changed {
		t.Errorf("converging again: %+v, %v", leg, err)
	}
}

// A promotion that failed, and could not be taken back, is taken back.
func TestConvergeTakesBackWhatFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	w.answer = func(delivery.Question) delivery.Verdict {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.broken["prd/eu api switch"] = errors.New("no power") // from here on, so that it cannot go back
		return delivery.Verdict{Answer: delivery.Shut, Reason: "so the test says"}
	}
	if err := train(t, w, "2"); err == nil {
		t.Fatal("the train says done")
	}
	wantCondition(t, w, "half taken back", Partial)
	w.answer = nil
	delete(w.broken, "prd/eu api switch")
	if _, err := converge(t, w, "prd"); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "1")
	wantCondition(t, w, "taken back", Whole)
}

// A run that waits goes on to its end.
func TestConvergeFinishesWhatWasBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	w.gate = delivery.Waiting
	if err := train(t, w, "2"); !fault.Is(err, fault.Pending) {
		t.Fatalf("train says %v", err)
	}
	wantCondition(t, w, "waiting", Partial)
	w.gate = delivery.Open
	if _, err := converge(t, w, "prd"); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "2")
	if rec := w.record(t, "prd"); rec.Live() != "2" || rec.Way != nil {
		t.Errorf("the ledger says %q, way %v", rec.Live(), rec.Way)
	}
}
