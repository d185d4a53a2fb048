package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

// sticky is a target that removes nothing of web, like a stack that is changed
// when it is provisioned.
type sticky struct{ *world }

func (s sticky) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	if phase == delivery.Prune && p.Component == "web" {
		return nil
	}
	return s.world.Plan(phase, p, now)
}

// undoneIn is what the ledger says was taken back in the last run.
func undoneIn(t *testing.T, w *world, env string) (note string, all []delivery.Undo) {
	t.Helper()
	for e, err := range ledger.New(w.store, "shop", env, ledger.Options{Request: -1}).Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Event == delivery.Undone {
			note, all = e.Note, e.Undo
		}
	}
	return note, all
}

// TestWhatRemainsIsSaid: a provision fails in one place; what the target cannot
// remove in the others is named, with a next command, in the error, the event and
// the ledger.
func TestWhatRemainsIsSaid(t *testing.T) {
	t.Parallel()
	for _, stays := range []bool{false, true} {
		w := newWorld(t)
		mustTrain(t, w, "1")
		w.broken["prd/us api lay"] = errors.New("no power")
		e := w.engine()
		if stays {
			e.Targets = map[string]Target{"world": sticky{w}}
		}
		_, err := e.Run(t.Context(), Request{Verb: delivery.VerbProvision, Environment: "prd", Version: "2", Actor: "ann"})
		if fault.ExitCode(err) != 1 {
			t.Fatalf("provision says %v", err)
		}
		note, all := undoneIn(t, w, "prd")
		var left []string
		for _, u := range all {
			has := slices.Contains(w.at(delivery.Placement{Place: u.Place, Component: u.Component}).present, "2")
			if u.Back == has {
				t.Errorf("%s in %s: back %v, and 2 is there: %v", u.Component, u.Place, u.Back, has)
			}
			if !u.Back {
				left = append(left, u.Component+" in "+u.Place.String())
			}
		}
		if len(all) != 4 || stays != (len(left) > 0) {
			t.Errorf("the ledger says %+v", all)
		}
		for _, name := range left {
			if !strings.Contains(err.Error(), name+" is now on release 1, with 2 provisioned (before: release 1)") || !strings.Contains(note, name) {
				t.Errorf("%s remains; the error says %v, the ledger %q", name, err, note)
			}
		}
		if stays != strings.Contains(fault.HintOf(err), "falkirk provision 2 --to prd") || stays == strings.Contains(note, "everything") {
			t.Errorf("hint %q, note %q", fault.HintOf(err), note)
		}
		if !slices.ContainsFunc(w.events, func(ev Event) bool { return ev.Kind == Undone && len(ev.Undo) == 4 && ev.Note == note }) {
			t.Error("no event says what was taken back")
		}
	}
}

// TestAGateClosedIsCode3OnlyWhereAllIsBack: code 3 says that every environment is
// on its old or its new release.
func TestAGateClosedIsCode3OnlyWhereAllIsBack(t *testing.T) {
	t.Parallel()
	for _, jams := range []bool{false, true} {
		w := newWorld(t)
		mustTrain(t, w, "1")
		w.answer = func(delivery.Question) delivery.Verdict {
			w.mu.Lock()
			defer w.mu.Unlock()
			if jams {
				w.broken["prd/us api switch"] = errors.New("no power")
			}
			return delivery.Verdict{Answer: delivery.Shut, Reason: "so the test says"}
		}
		err := train(t, w, "2")
		if want := map[bool]int{false: 3, true: 1}[jams]; fault.ExitCode(err) != want {
			t.Errorf("jams %v: code %d, want %d: %v", jams, fault.ExitCode(err), want, err)
		}
		if _, all := undoneIn(t, w, "prd"); len(all) != 4 || jams != slices.ContainsFunc(all, func(u delivery.Undo) bool { return !u.Back && u.Next == "falkirk converge prd" }) {
			t.Errorf("jams %v: the ledger says %+v", jams, all)
		}
	}
}

// TestCode2OnlyWhereNothingWasWritten makes each call of each port fail once with
// an error that says that the input is wrong: after the environment was taken no
// command may end with code 2.
func TestCode2OnlyWhereNothingWasWritten(t *testing.T) {
	t.Parallel()
	verbs := map[string]func(*Engine) error{
		"train": func(e *Engine) error {
			_, err := e.Train(context.Background(), "prd", Request{Version: "2", Actor: "ann"})
			return err
		},
		"converge": func(e *Engine) error {
			_, err := e.Converge(context.Background(), Request{Environment: "prd", Actor: "ann"})
			return err
		},
		"rollback": func(e *Engine) error {
			_, err := e.Run(context.Background(), Request{Verb: delivery.VerbRollback, Environment: "prd", Actor: "ann"})
			return err
		},
		"prune": func(e *Engine) error {
			_, err := e.Run(context.Background(), Request{Verb: delivery.VerbPrune, Environment: "prd", Actor: "ann"})
			return err
		},
	}
	for name, do := range verbs {
		for _, kind := range []fault.Kind{fault.NotFound, fault.Invalid} {
			t.Run(fmt.Sprintf("%s-%s", name, kind), func(t *testing.T) {
				t.Parallel()
				stride := map[fault.Kind]int{fault.Invalid: chaos.Count(7, 1), fault.NotFound: chaos.Count(31, 5)}[kind]
				first := newWorld(t)
				mustTrain(t, first, "0", "1", "1.1", "1.2")
				for at := 1; ; at += stride {
					w := first.clone()
					if name == "converge" {
						w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"}).live = "1"
					}
					if name == "train" {
						w.change = func(a *delivery.App) {
							a.Environments[1].Hooks = []delivery.Hook{{Name: "a", Kind: "world", When: delivery.Before(delivery.Promote)}}
						}
					}
					before := entries(t, w)
					w.trap.calls, w.trap.at, w.trap.as = 0, at, fault.New(kind, "trapped")
					err := do(w.engine())
					reached := w.trap.calls >= at
					w.trap.at = 0
					if !reached {
						if at < 20 {
							t.Fatalf("%s makes %d calls only", name, at)
						}
						return
					}
					if entries(t, w) != before && fault.ExitCode(err) == 2 {
						t.Fatalf("call %d of %s fails after the environment was taken, with code 2: %v", at, name, err)
					}
				}
			})
		}
	}
}

func entries(t *testing.T, w *world) int {
	t.Helper()
	return w.record(t, "dev").Last + w.record(t, "prd").Last
}

// TestALostEnvironmentHasOneCode takes the environment away at each step and each
// look of each verb, with and without another failure at the same moment: code
// 5, whatever else went wrong.
func TestALostEnvironmentHasOneCode(t *testing.T) {
	t.Parallel()
	for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbRollback, delivery.VerbPrune, "train", "converge"} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s-%v", verb, fails), func(t *testing.T) {
				t.Parallel()
				first := newPast(t, delivery.VerbPromote)
				if verb == delivery.VerbProvision || verb == delivery.VerbPrune {
					first = newPast(t, verb)
				}
				first.ready()
				for at := 1; loseAt(t, first, verb, at, fails); at++ {
				}
			})
		}
	}
}

// thief steals the environment at one of the calls of a target.
type thief struct {
	*world
	call func() error
}

func (c thief) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	if err := c.call(); err != nil {
		return delivery.State{}, err
	}
	return c.world.Observe(ctx, p)
}

func (c thief) Do(ctx context.Context, p delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if err := c.call(); err != nil {
		return delivery.Outcome{}, err
	}
	return c.world.Do(ctx, p, s, report)
}

// loseAt steals prd at a call, and reports whether the run came to that call.
func loseAt(t *testing.T, first *past, verb delivery.Verb, at int, fails bool) bool {
	t.Helper()
	p := first.clone()
	if verb == "converge" {
		p.world.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "api"}).live = "1"
	}
	e := p.engine()
	calls, stolen := 0, false
	e.Targets = map[string]Target{"world": thief{p.world, func() error {
		p.mu.Lock()
		calls++
		now := calls == at
		p.mu.Unlock()
		if !now {
			return nil
		}
		stolen = steal(t, p.world)
		if fails {
			return fault.New(fault.Refused, "no power")
		}
		return nil
	}}}
	var err error
	req := Request{Verb: verb, Environment: "prd", Version: "4", Actor: "ann"}
	switch verb {
	case "train":
		_, err = e.Train(t.Context(), "prd", req)
	case "converge":
		req.Version = ""
		_, err = e.Converge(t.Context(), req)
	case delivery.VerbRollback, delivery.VerbPrune:
		req.Version = ""
		_, err = e.Run(t.Context(), req)
	default:
		_, err = e.Run(t.Context(), req)
	}
	if stolen && fault.ExitCode(err) != 5 {
		t.Fatalf("%s lost prd at call %d, fails %v: code %d, %v", verb, at, fails, fault.ExitCode(err), err)
	}
	return calls >= at
}

// steal takes prd away from the operation that has it, if there is one. It does
// not wait until the former holder's lease has ended.
func steal(t *testing.T, w *world) bool {
	t.Helper()
	log := ledger.New(w.store, "shop", "prd", ledger.Options{Request: -1})
	if w.record(t, "prd").Open == nil {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = log.Steal(ctx, "eve", "test") // that it did not wait
	}()
	for w.record(t, "prd").Open != nil {
		select {
		case <-done:
			return w.record(t, "prd").Open == nil
		case <-t.Context().Done():
			return false
		default:
			runtime.Gosched()
		}
	}
	cancel()
	<-done
	return true
}
