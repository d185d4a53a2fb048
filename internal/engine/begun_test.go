package engine

import (
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

// killedAt is a world in which release 1 is live, and the promotion of 2 in prd
// was killed at one of its calls. A freeze began after that.
func killedAt(t *testing.T, ready *world, call int) (w *world, died bool) {
	t.Helper()
	w = ready.clone()
	w.trap.calls, w.trap.at, w.trap.deadly = 0, call, true
	opt := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
	opt.Holder.PID = 1 << 30
	e := w.engine()
	e.Ledger = func(env string) Ledger { return held{ledger.New(w.store, "shop", env, opt)} }
	_, _ = e.Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"})
	died = w.trap.dead
	w.trap.calls, w.trap.at, w.trap.deadly, w.trap.dead = 0, 0, false, false
	w.change = func(a *delivery.App) { a.Environments[1].Freeze = []delivery.Freeze{{Deny: "daily"}} }
	return w, died
}

// A promotion that was killed is finished in a freeze, at whatever call it was
// killed, whatever was provisioned since, and by each command that finishes one.
// One that had not begun is refused.
func TestAKilledPromotionIsFinishedInAFreeze(t *testing.T) {
	t.Parallel()
	between := map[string]string{"nothing": "", "provision of the same release": "2", "provision of another release": "3"}
	finish := map[string]func(*world) error{
		"promote": func(w *world) error {
			_, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"})
			return err
		},
		"train":    func(w *world) error { return train(t, w, "2") },
		"converge": func(w *world) error { _, err := converge(t, w, "prd"); return err },
	}
	ready := newWorld(t)
	mustTrain(t, ready, "1")
	if _, err := ready.engine().Train(t.Context(), "dev", Request{Version: "2", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	provisionIn(t, ready, "2")
	begun := 0
	for call := 1; ; call += chaos.Count(3, 1) {
		killed, died := killedAt(t, ready, call)
		if !died {
			break
		}
		if killed.record(t, "prd").Way == nil && call%20 != 0 {
			continue
		}
		for what, version := range between {
			for how, command := range finish {
				w := killed.clone()
				if version != "" {
					provisionIn(t, w, version)
				}
				way, when := w.record(t, "prd").Way, fmt.Sprintf("killed at call %d, then %s, then %s", call, what, how)
				err := command(w)
				switch rec := w.record(t, "prd"); {
				case way == nil && rec.Live() == "1" && how != "converge" && (!fault.Is(err, fault.Pending) || !strings.Contains(err.Error(), "frozen")):
					t.Errorf("%s: it had not begun, and the answer is %v", when, err)
				case way != nil && (err != nil || rec.Live() != "2" || rec.Way != nil || rec.Move != nil):
					t.Errorf("%s: %v; live %s, way %v", when, err, rec.Live(), rec.Way)
				case way != nil:
					begun++
					wantLive(t, w, "prd", "2")
				}
			}
		}
	}
	if begun < chaos.Count(30, 100) {
		t.Errorf("only %d promotions had begun: the trap is not where it should be", begun)
	}
}

func provisionIn(t *testing.T, w *world, version string) {
	t.Helper()
	if _, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "prd", Version: version, Actor: "bob"}); err != nil {
		t.Fatal(err)
	}
}

// What a promotion had asked and run under its plan counts when it is repeated,
// also when somebody provisioned in between: the plan has the same digest.
func TestAProvisionDoesNotReplaceThePlanOfAPromotion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	if _, err := w.engine().Train(t.Context(), "dev", Request{Version: "2", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	provisionIn(t, w, "2")
	interrupt(t, w, "2")
	before := w.record(t, "prd").Move
	provisionIn(t, w, "3")
	asked := map[string]bool{}
	w.answer = func(q delivery.Question) delivery.Verdict {
		w.mu.Lock()
		defer w.mu.Unlock()
		asked[q.Plan] = true
		return delivery.Verdict{Answer: delivery.Open}
	}
	if _, err := converge(t, w, "prd"); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "2")
	if before == nil || len(asked) != 1 || !asked[before.Digest] {
		t.Errorf("the gate was asked about %v, want only %+v", asked, before)
	}
}
