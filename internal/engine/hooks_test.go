package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// hooked makes prd of a world run hooks, and gives what ran so far.
func hooked(w *world, fails string, hooks ...delivery.Hook) func() []string {
	var ran []string
	w.change = func(a *delivery.App) {
		for i := range hooks {
			hooks[i].Kind, hooks[i].Once = "world", true
		}
		a.Environments[1].Hooks, a.Environments[1].Gates = hooks, nil
	}
	w.answer = func(q delivery.Question) delivery.Verdict {
		w.mu.Lock()
		defer w.mu.Unlock()
		ran = append(ran, fmt.Sprintf("%s %s", q.Gate, q.Outcome))
		if q.Gate == fails {
			return delivery.Verdict{Answer: delivery.Shut, Reason: "exit status 1"}
		}
		return delivery.Verdict{Answer: delivery.Open, Output: "hello"}
	}
	return func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		return slices.Clone(ran)
	}
}

func TestHooksRunAroundAPhase(t *testing.T) {
	t.Parallel()
	before, after := delivery.Before(delivery.Promote), delivery.After(delivery.Promote)
	hooks := []delivery.Hook{
		{Name: "first", When: before},
		{Name: "second", When: before},
		{Name: "sorry", When: before, If: delivery.IfFail},
		{Name: "cheer", When: after, If: delivery.IfPass},
		{Name: "clean", When: after, If: delivery.Always},
		{Name: "mourn", When: after, If: delivery.IfFail},
	}
	tests := []struct {
		fails string
		want  []string
		live  string
	}{
		{"", []string{"first pass", "second pass", "cheer pass", "clean pass"}, "2"},
		{"first", []string{"first pass", "sorry fail", "clean fail", "mourn fail"}, "1"},
		{"cheer", []string{"first pass", "second pass", "cheer pass", "clean fail", "mourn fail"}, "1"},
	}
	for _, tt := range tests {
		t.Run("fails "+tt.fails, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrain(t, w, "1")
			ran := hooked(w, tt.fails, slices.Clone(hooks)...)
			err := train(t, w, "2")
			if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), "hook "+tt.fails) {
				t.Errorf("train says %v", err)
			}
			if got := ran(); !slices.Equal(got, tt.want) {
				t.Errorf("ran %q, want %q", got, tt.want)
			}
			wantLive(t, w, "prd", tt.live)
		})
	}
}

// TestAHookThatPassedIsNotRunAgain breaks a promotion off after its hook, and
// repeats it.
func TestAHookThatPassedIsNotRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	ran := hooked(w, "", delivery.Hook{Name: "migrate", When: delivery.Before(delivery.Promote)})
	d := Decision{Verb: delivery.VerbStop, Environment: "prd", Actor: "bea", Reason: "wait"}
	if err := decideAtFirstSwitch(t, w, d); !errors.Is(err, errStopped) {
		t.Fatalf("train says %v", err)
	}
	decide(t, w, Decision{Verb: delivery.VerbResume, Environment: "prd"})
	mustTrain(t, w, "2")
	if got := ran(); len(got) != 1 {
		t.Errorf("the hook ran %d times: %v", len(got), got)
	}
	mustTrain(t, w, "3")
	if got := ran(); len(got) != 2 {
		t.Errorf("after another release the hook has run %d times, want 2", len(got))
	}
}

func TestBake(t *testing.T) {
	t.Parallel()
	for _, closesAt := range []int{0, 3} {
		w := newWorld(t)
		mustTrain(t, w, "1")
		w.change = func(a *delivery.App) {
			g := &a.Environments[1].Gates[0]
			g.Once, g.For, g.Every = true, delivery.Duration(50*time.Millisecond), delivery.Duration(time.Millisecond)
		}
		var asked int
		w.answer = func(delivery.Question) delivery.Verdict {
			if asked++; asked == closesAt {
				return delivery.Verdict{Answer: delivery.Shut, Reason: "too many errors"}
			}
			return delivery.Verdict{Answer: delivery.Open}
		}
		err := train(t, w, "2")
		if closesAt == 0 {
			if err != nil || asked < 3 {
				t.Errorf("train says %v after %d questions", err, asked)
			}
			wantLive(t, w, "prd", "2")
			continue
		}
		if !fault.Is(err, fault.Closed) || !strings.Contains(err.Error(), "too many errors") || asked != closesAt {
			t.Errorf("train says %v after %d questions", err, asked)
		}
		wantLive(t, w, "prd", "1")
	}
}

func TestTheWayBackIsProved(t *testing.T) {
	t.Parallel()
	for _, protected := range []bool{false, true} {
		w := newWorld(t)
		mustTrain(t, w, "1")
		w.change = func(a *delivery.App) { a.Environments[1].Protected = protected }
		eu := w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "eu"}, Component: "api"})
		eu.present = nil // somebody has removed what is live
		err := train(t, w, "2")
		if protected {
			if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "1 of api is no longer whole in prd/eu") {
				t.Errorf("train says %v", err)
			}
			wantLive(t, w, "prd", "1")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(w.events, func(ev Event) bool { return ev.Kind == Warned }) {
			t.Error("nobody was warned")
		}
	}
}

// liar says that it is on a release, and serves another.
type liar struct{ *world }

func TestWhatIsServedIsProved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1")
	e := w.engine()
	e.Targets = map[string]Target{"world": liar{w}}
	_, err := e.Train(t.Context(), "dev", Request{Version: "2"})
	if err == nil || !strings.Contains(err.Error(), "dev/here serves 0 of web") {
		t.Fatalf("train says %v", err)
	}
	wantLive(t, w, "dev", "1")
}

func (l liar) Serves(context.Context, delivery.Placement, delivery.State) (string, error) {
	return "0", nil
}

func TestKeepingNothingIsWarnedOfAndAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change = func(a *delivery.App) { a.Environments[1].Protected, a.Environments[1].Keep = true, 0 }
	mustTrain(t, w, "1", "2")
	if !slices.ContainsFunc(w.events, func(ev Event) bool { return ev.Kind == Warned && strings.Contains(ev.Note, "keep is 0") }) {
		t.Error("nobody was warned")
	}
}
