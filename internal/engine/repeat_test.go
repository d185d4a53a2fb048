package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

// How a run of a history ends.
var endings = []string{"step fails", "hook fails", "killed", "interrupted", "gate waits", "gate closed", "stopped"}

// past is a history of runs of one release: what ends each, and what its hooks
// did.
type past struct {
	*world
	t      *testing.T
	verb   delivery.Verb
	ran    []string
	passed []string
	ends   string
	at     int // the call at which a killed or interrupted run ends
	hook   int // the hook that fails
	cancel context.CancelFunc
}

func newPast(t *testing.T, verb delivery.Verb) *past {
	t.Helper()
	p := &past{world: newWorld(t), t: t, verb: verb}
	p.change = func(a *delivery.App) {
		prd := &a.Environments[1]
		prd.Gates = []delivery.GateSetting{{Name: "board", Kind: "world", When: delivery.After(verb.Phase()), Once: true}}
		prd.Hooks = []delivery.Hook{
			{Name: "migrate", Kind: "world", When: delivery.Before(verb.Phase()), Once: true, Repeat: delivery.RepeatNever},
			{Name: "lock", Kind: "world", When: delivery.Before(verb.Phase()), Once: true},
			{Name: "unlock", Kind: "world", When: delivery.After(verb.Phase()), If: delivery.Always, Once: true},
			{Name: "tell", Kind: "world", When: delivery.After(verb.Phase()), If: delivery.IfPass, Once: true},
		}
		if verb == delivery.VerbPrune {
			prd.Hooks = prd.Hooks[1:]
		}
	}
	p.answer = p.ask
	return p
}

func (p *past) clone() *past {
	out := &past{world: p.world.clone(), t: p.t, verb: p.verb}
	out.answer = out.ask
	return out
}

// ask plays the gate and the hooks.
func (p *past) ask(q delivery.Question) delivery.Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	open := delivery.Verdict{Answer: delivery.Open}
	if q.Operation.Environment != "prd" || q.Operation.Verb != p.verb {
		return open
	}
	if q.Outcome == "" {
		switch p.ends {
		case "gate waits":
			return delivery.Verdict{Answer: delivery.Waiting, Reason: "wait"}
		case "gate closed":
			return delivery.Verdict{Answer: delivery.Shut, Reason: "no"}
		}
		return open
	}
	p.ran = append(p.ran, q.Gate)
	if p.ends == "hook fails" && len(p.ran) > p.hook {
		return delivery.Verdict{Answer: delivery.Shut, Reason: "the hook fails"}
	}
	p.passed = append(p.passed, q.Gate)
	return open
}

// run does one run, and says whether it came to its end, failed, or was left.
func (p *past) run(version, ends string) (result delivery.Result, err error) {
	p.mu.Lock()
	p.ran, p.passed, p.ends, p.broken = nil, nil, ends, map[string]error{}
	p.mu.Unlock()
	e := p.engine()
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	p.trap.mu.Lock()
	p.trap.calls, p.trap.at, p.trap.dead, p.trap.deadly = 0, 0, false, false
	p.trap.mu.Unlock()
	switch ends {
	case "step fails":
		p.broken["prd/us api "+action(p.verb)] = errors.New("no power")
	case "killed":
		p.trap.at, p.trap.deadly = p.at, true
		opt := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
		opt.Holder.PID = 1 << 30
		e.Ledger = func(env string) Ledger { return held{ledger.New(p.store, "shop", env, opt)} }
	case "interrupted":
		e.Targets = map[string]Target{"world": cutter{p.world, cancel}}
	case "stopped":
		e.Targets = map[string]Target{"world": cutter{p.world, func() {
			if _, err := p.engine().Decide(p.t.Context(), Decision{Verb: delivery.VerbStop, Environment: "prd", Actor: "bea", Reason: "wait"}); err != nil {
				p.t.Error(err)
			}
		}}}
	}
	req := Request{Verb: p.verb, Environment: "prd", Version: version, Actor: "ann"}
	if p.verb == delivery.VerbPrune {
		req.Version = ""
	}
	_, err = e.Run(ctx, req)
	p.trap.mu.Lock()
	died := p.trap.dead
	p.trap.at, p.trap.deadly, p.trap.dead = 0, false, false
	p.trap.mu.Unlock()
	if ends == "stopped" {
		if _, err := p.engine().Decide(p.t.Context(), Decision{Verb: delivery.VerbResume, Environment: "prd", Actor: "bea"}); err != nil {
			p.t.Fatal(err)
		}
	}
	if died {
		return delivery.ResultLost, err
	}
	return resultOf(err), err
}

func action(v delivery.Verb) string {
	return map[delivery.Verb]string{delivery.VerbProvision: "lay", delivery.VerbPromote: "switch", delivery.VerbPrune: "drop"}[v]
}

// cutter does something before the first step.
type cutter struct {
	*world
	cut func()
}

func (c cutter) Do(ctx context.Context, p delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if p.Place.Environment == "prd" {
		c.cut()
	}
	return c.world.Do(ctx, p, s, report)
}

// ready brings the world to where the verb has something to do.
func (p *past) ready() {
	p.t.Helper()
	mustTrain(p.t, p.world, "1", "2", "3")
	e := p.engine()
	steps := map[delivery.Verb][]delivery.Verb{delivery.VerbProvision: nil, delivery.VerbPromote: {delivery.VerbProvision}, delivery.VerbPrune: nil}
	if _, err := e.Train(p.t.Context(), "dev", Request{Version: "4", Actor: "ann"}); err != nil {
		p.t.Fatal(err)
	}
	for _, verb := range steps[p.verb] {
		if _, err := e.Run(p.t.Context(), Request{Verb: verb, Environment: "prd", Version: "4", Actor: "ann"}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// TestWhatARepeatedRunSkips leads random histories of runs that end in any way,
// and compares what each run skips with a simple oracle: what has passed since
// the last run that failed, and no more. A hook whose pass and whose entry in
// the ledger lie on two sides of a kill may go either way.
func TestWhatARepeatedRunSkips(t *testing.T) {
	t.Parallel()
	for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbPrune} {
		first := newPast(t, verb)
		first.ready()
		for seed := range uint64(chaos.Count(12, 40)) {
			t.Run(fmt.Sprintf("%s-%d", verb, seed), func(t *testing.T) {
				t.Parallel()
				p := first.clone()
				p.t = t
				p.history(rand.New(rand.NewPCG(seed, 7)))
			})
		}
	}
}

func (p *past) history(r *rand.Rand) {
	p.t.Helper()
	mayskip, must := map[string]bool{}, map[string]bool{} // by hook
	var story []string
	for range 2 + r.IntN(5) {
		ends := endings[r.IntN(len(endings))]
		p.at, p.hook = 1+r.IntN(90), r.IntN(4)
		result, err := p.run("4", ends)
		story = append(story, fmt.Sprintf("%s: ran %v, ended %s", ends, p.ran, result))
		p.check(mayskip, must, story)
		if err == nil {
			return
		}
		p.learn(mayskip, must, result)
	}
	if _, err := p.run("4", ""); err != nil {
		p.t.Fatalf("in the end the run says %v\nafter:\n  %s", err, strings.Join(story, "\n  "))
	}
	story = append(story, fmt.Sprintf("in the end: ran %v", p.ran))
	p.check(mayskip, must, story)
	for _, name := range []string{"lock", "unlock", "tell"} {
		if !slices.Contains(p.ran, name) && !mayskip[name] {
			p.t.Errorf("hook %s was skipped in the run that came to its end\nafter:\n  %s", name, strings.Join(story, "\n  "))
		}
	}
}

// check: no hook that must be skipped was run, and none that comes after lock
// where lock was neither run nor may be skipped. (Where the hook before lock
// fails, lock is not run.)
func (p *past) check(mayskip, must map[string]bool, story []string) {
	p.t.Helper()
	for _, name := range p.ran {
		if must[name] {
			p.t.Errorf("hook %s was run again\nafter:\n  %s", name, strings.Join(story, "\n  "))
		}
		if p.ends != "hook fails" && name != "migrate" && name != "lock" && !slices.Contains(p.ran, "lock") && !mayskip["lock"] {
			p.t.Errorf("%s was run, and lock was not\nafter:\n  %s", name, strings.Join(story, "\n  "))
		}
	}
}

// learn is the oracle.
func (p *past) learn(mayskip, must map[string]bool, result delivery.Result) {
	switch result {
	case delivery.ResultFailed, delivery.ResultShut:
		for _, name := range []string{"lock", "unlock", "tell"} {
			mayskip[name], must[name] = false, false
		}
		for _, name := range p.passed {
			if name == "migrate" {
				mayskip[name], must[name] = true, true
			}
		}
	default:
		for i, name := range p.passed {
			mayskip[name] = true
			must[name] = must[name] || result != delivery.ResultLost || i < len(p.passed)-2
		}
	}
}

// TestLockFailUnlock is the case that was seen: the repeat ran unlocked.
func TestLockFailUnlock(t *testing.T) {
	t.Parallel()
	for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbPrune} {
		p := newPast(t, verb)
		p.ready()
		for range 2 {
			if _, err := p.run("4", "step fails"); fault.ExitCode(err) != 1 {
				t.Fatalf("%s says %v", verb, err)
			}
			if want := []string{"lock", "unlock"}; !slices.Equal(slices.DeleteFunc(p.ran, func(n string) bool { return n == "migrate" }), want) {
				t.Errorf("%s ran %v, want %v", verb, p.ran, want)
			}
		}
	}
}

// TestAKillWhileItIsTakenBack: the hooks of a run that failed, and died before it
// could say how it ended, do not count as passed.
func TestAKillWhileItIsTakenBack(t *testing.T) {
	t.Parallel()
	first := newPast(t, delivery.VerbPromote)
	first.ready()
	for at := range 130 {
		p := first.clone()
		p.mu.Lock()
		p.broken["prd/us api switch"] = errors.New("no power")
		p.mu.Unlock()
		e := p.engine()
		opt := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
		opt.Holder.PID = 1 << 30
		e.Ledger = func(env string) Ledger { return held{ledger.New(p.store, "shop", env, opt)} }
		undoing, failed := false, false
		e.Report = func(ev Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			undoing = undoing || ev.Kind == Undoing
			failed = failed || undoing && ev.Kind == Finished && ev.Error == "" // a step was taken back
		}
		p.trap.mu.Lock()
		p.trap.calls, p.trap.at, p.trap.deadly = 0, at+1, true
		p.trap.mu.Unlock()
		_, _ = e.Run(t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "4", Actor: "ann"})
		p.trap.mu.Lock()
		p.trap.at, p.trap.deadly, p.trap.dead = 0, false, false
		p.trap.mu.Unlock()
		if _, err := p.run("4", ""); err != nil {
			t.Fatal(err)
		}
		if failed && !slices.Contains(p.ran, "lock") {
			t.Fatalf("killed at call %d, while it was taken back: the repeat ran %v", at+1, p.ran)
		}
	}
}
