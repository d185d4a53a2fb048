package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

// world is an app in memory: a target that keeps what is where, releases, a
// gate, and the real ledger on a file bucket. Every call of every port passes
// the trap.
type world struct {
	mu     sync.Mutex
	spots  map[string]*spot // by place and component
	gate   delivery.Answer
	answer func(q delivery.Question) delivery.Verdict // instead of gate, where set
	change func(*delivery.App)                        // to the app of the engines made from here on
	trap   *trap
	broken map[string]error // by "place component action": fails each time
	served []string         // what Do did
	wrong  []string         // what no run may ask a target for
	salt   string           // in the digests of artifacts: other content under the same version
	events []Event
	store  *memory
	ids    int
}

type spot struct {
	live    string
	present []string
}

// trap makes call number at fail, once, or with it all that follow, as when the
// process dies.
type trap struct {
	mu           sync.Mutex
	calls, at    int
	deadly, dead bool
	as           error  // instead of errTrap, where set
	instead      func() // is called in place of a failure, where set
	reads        bool   // reads of the store are not counted
}

var errTrap = errors.New("the trap")

func (t *trap) step(what string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reads && (strings.HasPrefix(what, "get ledger") || strings.HasPrefix(what, "list ")) {
		return nil
	}
	if t.calls++; t.calls == t.at && t.instead != nil {
		t.mu.Unlock()
		t.instead()
		t.mu.Lock()
		return nil
	}
	if t.calls == t.at || t.dead {
		t.dead = t.deadly
		return fmt.Errorf("%s: %w", what, cmp.Or(t.as, errTrap))
	}
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	tr := &trap{}
	return &world{
		spots: map[string]*spot{}, gate: delivery.Open, trap: tr,
		broken: map[string]error{}, store: &memory{trap: tr, held: map[string][]byte{}},
	}
}

// clone is a world in the same state, with nothing in common.
func (w *world) clone() *world {
	tr := &trap{}
	out := &world{
		spots: map[string]*spot{}, gate: w.gate, answer: w.answer, change: w.change, trap: tr,
		broken: maps.Clone(w.broken), store: &memory{trap: tr, held: maps.Clone(w.store.held)}, ids: w.ids,
	}
	for key, s := range w.spots {
		out.spots[key] = &spot{live: s.live, present: slices.Clone(s.present)}
	}
	return out
}

func (w *world) at(p delivery.Placement) *spot {
	key := p.Place.String() + " " + p.Component
	if w.spots[key] == nil {
		w.spots[key] = &spot{}
	}
	return w.spots[key]
}

func (w *world) Observe(_ context.Context, p delivery.Placement) (delivery.State, error) {
	if err := w.trap.step("observe"); err != nil {
		return delivery.State{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.at(p)
	return delivery.State{Live: s.live, Ready: slices.Clone(s.present), Present: slices.Clone(s.present)}, nil
}

func (w *world) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	switch phase {
	case delivery.Provision:
		if !slices.Contains(now.Present, p.Version) {
			return []delivery.Step{p.Step(phase, delivery.Add, "lay", "lay out "+p.Version, nil)}
		}
	case delivery.Promote:
		if now.Live != p.Version {
			return []delivery.Step{p.Step(phase, delivery.Change, "switch", "switch to "+p.Version, nil)}
		}
	case delivery.Prune:
		var steps []delivery.Step
		for _, v := range p.Remove {
			steps = append(steps, p.Step(phase, delivery.Remove, "drop", "drop "+v, v))
		}
		return steps
	}
	return nil
}

func (w *world) Do(_ context.Context, p delivery.Placement, s delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if err := w.trap.step(s.Action); err != nil {
		return delivery.Outcome{}, err
	}
	report(delivery.Progress{Done: 1, Total: 1})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.broken[p.Place.String()+" "+p.Component+" "+s.Action]; err != nil {
		return delivery.Outcome{}, err
	}
	at := w.at(p)
	switch s.Action {
	case "lay":
		at.present = append(at.present, p.Version)
	case "switch":
		at.live = p.Version
	case "drop":
		var v string
		if err := json.Unmarshal(s.Args, &v); err != nil {
			return delivery.Outcome{}, err
		}
		if v == at.live {
			w.wrong = append(w.wrong, "remove "+v+", which serves in "+p.Place.String())
			return delivery.Outcome{}, fault.New(fault.Internal, "dropped the live release %s", v)
		}
		at.present = slices.DeleteFunc(at.present, func(x string) bool { return x == v })
	}
	w.served = append(w.served, s.ID())
	return delivery.Outcome{}, nil
}

func (w *world) Ask(_ context.Context, q delivery.Question) (delivery.Verdict, error) {
	if err := w.trap.step("ask"); err != nil {
		return delivery.Verdict{}, err
	}
	if w.answer != nil {
		return w.answer(q), nil
	}
	return delivery.Verdict{Answer: w.gate, Reason: "so the test says"}, nil
}

func (w *world) Get(_ context.Context, app, version string) (delivery.Release, error) {
	if err := w.trap.step("get release"); err != nil {
		return delivery.Release{}, err
	}
	return delivery.Release{App: app, Version: version, Artifacts: []delivery.Artifact{
		{Component: "web", Digest: "w" + version + w.salt}, {Component: "api", Digest: "a" + version + w.salt},
	}}, nil
}

// held makes the ledger's hold fit the port.
type held struct{ *ledger.Ledger }

func (l held) Begin(ctx context.Context, op delivery.Operation) (Hold, delivery.Record, error) {
	h, rec, err := l.Ledger.Begin(ctx, op)
	if err != nil {
		return nil, rec, err
	}
	return h, rec, nil
}

// engine is an engine on dev and prd, prd with two places and a gate.
func (w *world) engine() *Engine {
	e := &Engine{
		App:      testApp(),
		Targets:  map[string]Target{"world": w},
		Gates:    map[string]Gate{"world": w},
		Releases: w,
		Ledger: func(env string) Ledger {
			return held{ledger.New(w.store, "shop", env, ledger.Options{Request: -1})}
		},
		Now: time.Now,
		NewID: func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ids++
			return fmt.Sprintf("op-%d", w.ids)
		},
	}
	if w.change != nil {
		w.change(&e.App)
	}
	e.Report = func(ev Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, ev)
	}
	return e
}

func testApp() delivery.App {
	env := func(name string, after []string, regions ...string) delivery.Environment {
		e := delivery.Environment{Name: name, After: after, Keep: 1, Parallel: 4}
		for _, r := range regions {
			place := delivery.Place{Environment: name, Region: r}
			e.Places = append(e.Places, place)
			for _, c := range []string{"web", "api"} {
				e.Landings = append(e.Landings, delivery.Landing{Place: place, Component: c, Target: "world"})
			}
		}
		return e
	}
	prd := env("prd", []string{"dev"}, "eu", "us")
	prd.Gates = []delivery.GateSetting{{Name: "smoke", Kind: "world", When: delivery.After(delivery.Promote)}}
	return delivery.App{Name: "shop", Environments: []delivery.Environment{env("dev", nil, "here"), prd}}
}

// lives is what is live in an environment, each value once.
func (w *world) lives(env string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, l := range testApp().Environments {
		for _, x := range l.Landings {
			if l.Name != env {
				continue
			}
			live := w.at(delivery.Placement{Place: x.Place, Component: x.Component}).live
			if !slices.Contains(out, live) {
				out = append(out, live)
			}
		}
	}
	return out
}

func (w *world) record(t *testing.T, env string) delivery.Record {
	t.Helper()
	rec, err := ledger.New(w.store, "shop", env, ledger.Options{Request: -1}).Read(context.Background(), delivery.Record{})
	if err != nil {
		t.Fatal("read the ledger:", err)
	}
	return rec
}
