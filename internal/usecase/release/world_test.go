package release_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	store "falkirk/internal/release"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// world is an app with the real engine, the real ledgers and a store in a folder. Only
// the target, the gate, the packer and the runtime of this machine are of the test.
type world struct {
	app    *usecase.App
	people *engine.Decisions

	mu      sync.Mutex
	live    map[string]string // by environment
	present map[string][]string
	broken  error // of every switch to 1.2.0
	answers []delivery.Answer
	asked   func() // by a gate that waits
	here    []usecase.Process
	deleted []delivery.Scope
	written map[string]string // files
	packs   []usecase.PackRequest
	events  []usecase.Event
}

// book is a ledger as the engine needs it.
type book struct{ *ledger.Ledger }

func (b book) Begin(ctx context.Context, op delivery.Operation) (engine.Hold, delivery.Record, error) {
	h, rec, err := b.Ledger.Begin(ctx, op)
	if err != nil {
		return nil, rec, err
	}
	return h, rec, nil
}

// newWorld has 1.0.0 live in dev and in prd, which is protected; 1.1.0 is live in dev
// and ready in prd; 1.2.0 is packed. 0.9.0 is live in old, which the app file of the
// test no longer has.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{live: map[string]string{}, present: map[string][]string{}, written: map[string]string{}}
	objects := file.New(t.TempDir())
	releases := store.New(objects)
	for _, version := range []string{"0.9.0", "1.0.0", "1.1.0", "1.2.0"} {
		digest, err := releases.WriteBytes(t.Context(), []byte("fn "+version))
		if err != nil {
			t.Fatal(err)
		}
		rel := delivery.Release{Schema: delivery.ReleaseSchema, App: "shop", Version: version, PackedAt: time.Now().UTC(), PackedBy: "ann", Tool: "dev", Artifacts: []delivery.Artifact{
			{Component: "fn", Kind: "bundle", Digest: digest, MediaType: "application/zip"}, {Component: "web", Kind: "plain", Digest: digest},
		}}
		if _, _, err := releases.Add(t.Context(), rel); err != nil {
			t.Fatal(err)
		}
	}
	log := func(env string) *ledger.Ledger { return ledger.New(objects, "shop", env, ledger.Options{}) }
	ids := 0
	run := &engine.Engine{
		App: shop("old", "dev", "prd"), Targets: map[string]engine.Target{"fake": w}, Gates: map[string]engine.Gate{"fake": w}, Releases: releases,
		Ledger: func(env string) engine.Ledger { return book{log(env)} },
		Now:    time.Now, Report: func(engine.Event) {},
		NewID: func() string { w.mu.Lock(); defer w.mu.Unlock(); ids++; return fmt.Sprintf("op-%03d", ids) },
	}
	for _, s := range []struct{ verb, env, version string }{
		{"provision", "old", "0.9.0"}, {"promote", "old", "0.9.0"},
		{"provision", "dev", "1.0.0"}, {"promote", "dev", "1.0.0"}, {"provision", "prd", "1.0.0"}, {"promote", "prd", "1.0.0"},
		{"provision", "dev", "1.1.0"}, {"promote", "dev", "1.1.0"}, {"provision", "prd", "1.1.0"},
	} {
		req := engine.Request{Verb: delivery.Verb(s.verb), Environment: s.env, Version: s.version, Actor: "ann"}
		if _, err := run.Run(t.Context(), req); err != nil {
			t.Fatalf("%s %s in %s: %v", s.verb, s.version, s.env, err)
		}
	}
	run.App = shop("dev", "prd")
	w.app = &usecase.App{
		File: &config.File{App: run.App}, Engine: run, Releases: releases, Local: w, Blob: releases.Open, Packer: w.pack, Tidy: func() {},
		Ledger: func(env string) usecase.Log { return log(env) },
		Ledgers: func(ctx context.Context) (names, others []string, err error) {
			return ledger.Names(ctx, objects, "shop")
		},
	}
	w.people = &engine.Decisions{App: "shop", Ledger: book{log(delivery.Everywhere)}, Releases: releases, Now: time.Now}
	return w
}

func shop(names ...string) delivery.App {
	app := delivery.App{Name: "shop", Components: []delivery.Component{{Name: "web", Kind: "plain"}, {Name: "fn", Kind: "bundle"}}}
	for _, name := range names {
		place := delivery.Place{Environment: name, Region: "eu"}
		env := delivery.Environment{
			Name: name, Protected: name == "prd", Keep: 1, Parallel: 1, Places: []delivery.Place{place},
			Landings: []delivery.Landing{{Place: place, Component: "web", Target: "fake"}},
		}
		if name == "prd" {
			env.After = []string{"dev"}
			env.Gates = []delivery.GateSetting{{Name: "smoke", Kind: "fake", When: delivery.Before(delivery.Promote)}}
		}
		app.Environments = append(app.Environments, env)
	}
	return app
}

func (w *world) call() *usecase.Call {
	return &usecase.Call{
		Actor: "bea",
		Tell: func(ev usecase.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, ev)
		},
		Open: func(_ context.Context, report func(engine.Event)) (*usecase.App, error) {
			w.app.Engine.Report = report
			return w.app, nil
		},
		Decisions: func(context.Context) (*engine.Decisions, error) { return w.people, nil },
	}
}

func (w *world) room() release.Room {
	return release.New(func(path string, from io.Reader) error {
		raw, err := io.ReadAll(from)
		w.written[path] = string(raw)
		return err
	})
}

// ask asks for a use case as a face on another machine does: by name, with JSON.
func (w *world) ask(t *testing.T, name, query string) (any, error) {
	t.Helper()
	e, err := usecase.NewCatalog(w.room().Entries()...).Find(name, func(usecase.Entry) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return e.Do(t.Context(), w.call(), []byte(query))
}

func (w *world) Observe(_ context.Context, p delivery.Placement) (delivery.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	env := p.Place.Environment
	return delivery.State{Live: w.live[env], Ready: slices.Clone(w.present[env]), Present: slices.Clone(w.present[env])}, nil
}

func (w *world) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	var steps []delivery.Step
	switch {
	case phase == delivery.Provision && !slices.Contains(now.Present, p.Version):
		steps = append(steps, p.Step(phase, delivery.Add, "lay", "lay out "+p.Version, nil))
	case phase == delivery.Promote && now.Live != p.Version:
		steps = append(steps, p.Step(phase, delivery.Change, "switch", "switch to "+p.Version, nil))
	case phase == delivery.Prune:
		for _, v := range p.Remove {
			steps = append(steps, p.Step(phase, delivery.Remove, "drop", "drop "+v, v))
		}
	}
	return steps
}

func (w *world) Do(_ context.Context, p delivery.Placement, s delivery.Step, _ func(delivery.Progress)) (delivery.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	env := p.Place.Environment
	switch s.Action {
	case "lay":
		w.present[env] = append(w.present[env], p.Version)
	case "switch":
		if w.broken != nil && p.Version == "1.2.0" {
			return delivery.Outcome{}, w.broken
		}
		w.live[env] = p.Version
	case "drop":
		w.present[env] = slices.DeleteFunc(w.present[env], func(v string) bool { return slices.Contains(p.Remove, v) })
	}
	return delivery.Outcome{}, nil
}

// Ask gives the answers one after the other, and then goes on to be open.
func (w *world) Ask(context.Context, delivery.Question) (delivery.Verdict, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := delivery.Open
	if len(w.answers) > 0 {
		a, w.answers = w.answers[0], w.answers[1:]
	}
	if a == delivery.Waiting && w.asked != nil {
		w.asked()
	}
	return delivery.Verdict{Answer: a, Reason: "so the test says"}, nil
}

func (w *world) pack(_ context.Context, r usecase.PackRequest) (usecase.Packed, []string, error) {
	w.packs = append(w.packs, r)
	r.Report("web", delivery.Progress{Done: 1, Total: 2})
	if r.Version == "bad" {
		return usecase.Packed{}, nil, errors.New("cannot pack")
	}
	return usecase.Packed{Release: delivery.Release{App: "shop", Version: cmp.Or(r.Version, "1.3.0")}, Added: true}, []string{"the version is odd"}, nil
}

func (w *world) List(_ context.Context, s delivery.Scope) ([]usecase.Process, error) {
	return slices.DeleteFunc(slices.Clone(w.here), func(p usecase.Process) bool { return !s.Covers(p.Place, p.Component) }), nil
}

func (w *world) Delete(_ context.Context, s delivery.Scope) error {
	w.deleted = append(w.deleted, s)
	return nil
}

func (*world) Up(context.Context, delivery.Scope) ([]usecase.Process, error) {
	return nil, fault.New(fault.Internal, "not asked for here")
}

func (*world) Down(context.Context, delivery.Scope) ([]usecase.Process, error) {
	return nil, fault.New(fault.Internal, "not asked for here")
}

// state is everything that a use case may change: what is where, and the ledgers.
func (w *world) state(t *testing.T) string {
	t.Helper()
	w.mu.Lock()
	text := fmt.Sprint(w.live, w.present, w.deleted, w.written)
	w.mu.Unlock()
	for _, env := range []string{"old", "dev", "prd", delivery.Everywhere} {
		rec, err := w.app.Engine.Ledger(env).Read(t.Context(), delivery.Record{})
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprint(" ", env, ":", rec.Last)
	}
	return text
}

// decide is what a person decides about the whole app.
func (w *world) decide(t *testing.T, verb delivery.Verb, version string) {
	t.Helper()
	op := delivery.Operation{ID: "decided", Verb: verb, App: "shop", Environment: delivery.Everywhere, Version: version, Actor: "ann", Reason: "fire"}
	if _, err := w.app.Engine.Ledger(delivery.Everywhere).Decide(t.Context(), delivery.Entry{Event: delivery.Decided, Operation: op}); err != nil {
		t.Error(err)
	}
}
