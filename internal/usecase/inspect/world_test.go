package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
	"falkirk/internal/release"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// world is an app with the real engine, the real ledgers and a store in a folder. Only
// the target, the runtime of this machine, the channels and the accounts are of the
// test.
type world struct {
	dir     string
	app     *usecase.App
	mu      sync.Mutex
	live    map[string]string // by place
	here    []usecase.Process
	stopped bool
	events  []usecase.Event
	exam    delivery.Examination
	people  *engine.Decisions
	bare    bool // calls can only open the app
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

// newWorld has 1.0.0 live in dev and prd, which is protected, and 1.1.0 in dev.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), live: map[string]string{}}
	objects := file.New(w.dir)
	store := release.New(objects)
	for _, version := range []string{"1.0.0", "1.1.0"} {
		digest, err := store.WriteBytes(t.Context(), []byte("web "+version))
		if err != nil {
			t.Fatal(err)
		}
		rel := delivery.Release{Schema: delivery.ReleaseSchema, App: "shop", Version: version, PackedAt: time.Now().UTC(), PackedBy: "ann", Tool: "dev", Artifacts: []delivery.Artifact{{Component: "web", Kind: "plain", Digest: digest}}}
		if _, _, err := store.Add(t.Context(), rel); err != nil {
			t.Fatal(err)
		}
	}
	shop := delivery.App{Name: "shop"}
	for _, name := range []string{"dev", "prd"} {
		place := delivery.Place{Environment: name, Region: "eu"}
		shop.Environments = append(shop.Environments, delivery.Environment{
			Name: name, Protected: name == "prd", Keep: 3, Parallel: 1, Places: []delivery.Place{place},
			Landings: []delivery.Landing{{Place: place, Component: "web", Target: "fake"}},
		})
	}
	shop.Components = []delivery.Component{{Name: "web", Kind: "plain"}}
	shop.Environments[1].Freeze = []delivery.Freeze{{Deny: "Fri 16:00 - Mon 08:00", Zone: "Europe/Berlin"}}
	shop.Notices = []delivery.NoticeSetting{{Name: "team", Kind: "fake"}, {Name: "down", Kind: "fake"}}
	log := func(env string) *ledger.Ledger { return ledger.New(objects, "shop", env, ledger.Options{}) }
	ids := 0
	run := &engine.Engine{
		App: shop, Targets: map[string]engine.Target{"fake": w}, Gates: map[string]engine.Gate{}, Releases: store,
		Ledger: func(env string) engine.Ledger { return book{log(env)} },
		Now:    time.Now, Report: func(engine.Event) {},
		NewID: func() string { ids++; return fmt.Sprintf("op-%03d", ids) },
	}
	w.app = &usecase.App{
		File: &config.File{App: shop}, Engine: run, Releases: store, Audit: store.Audit, Local: w, Differ: w,
		Ledger: func(env string) usecase.Log { return log(env) },
		Ledgers: func(ctx context.Context) (names, others []string, err error) {
			return ledger.Names(ctx, objects, "shop")
		},
		TryNotice: func(_ context.Context, s delivery.NoticeSetting, _ string) error {
			if s.Name == "down" {
				return errors.New("no answer")
			}
			return nil
		},
		Logs: func(_ context.Context, r usecase.LogRequest, to io.Writer) error {
			_, err := io.WriteString(to, "printed by "+r.Component)
			return err
		},
	}
	w.people = &engine.Decisions{App: "shop", Ledger: book{log(delivery.Everywhere)}, Releases: store, Now: time.Now}
	for _, step := range []struct {
		verb         delivery.Verb
		env, version string
	}{
		{delivery.VerbProvision, "dev", "1.0.0"}, {delivery.VerbPromote, "dev", "1.0.0"},
		{delivery.VerbProvision, "prd", "1.0.0"}, {delivery.VerbPromote, "prd", "1.0.0"},
		{delivery.VerbProvision, "dev", "1.1.0"}, {delivery.VerbPromote, "dev", "1.1.0"},
	} {
		req := engine.Request{Verb: step.verb, Environment: step.env, Version: step.version, Actor: "ann", Override: "a test"}
		if _, err := run.Run(t.Context(), req); err != nil {
			t.Fatalf("%s %s in %s: %v", step.verb, step.version, step.env, err)
		}
	}
	w.here = []usecase.Process{{Place: shop.Environments[1].Places[0], Component: "web", Version: "1.0.0", Live: true, State: "healthy", PID: 7}}
	return w
}

func (w *world) call() *usecase.Call {
	c := &usecase.Call{
		Actor: "ann", Tell: func(ev usecase.Event) { w.events = append(w.events, ev) },
		File: func() (*config.File, error) { return w.app.File, nil },
		Open: func(context.Context, func(engine.Event)) (*usecase.App, error) { return w.app, nil },
		Accounts: func() (usecase.Accounts, error) {
			return usecase.Accounts{Examine: func(context.Context, string) (delivery.Examination, error) { return w.exam, nil }}, nil
		},
		Decisions: func(context.Context) (*engine.Decisions, error) { return w.people, nil },
	}
	if w.bare {
		c.File, c.Accounts, c.Tell = nil, nil, nil
	}
	return c
}

// ask asks for a use case as a face on another machine does: by name, with JSON.
func (w *world) ask(t *testing.T, name, query string) (any, error) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }
	e, err := usecase.NewCatalog(inspect.New(now).Entries()...).Find(name, func(usecase.Entry) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return e.Do(t.Context(), w.call(), []byte(query))
}

// alter changes a text in every entry of a ledger.
func (w *world) alter(t *testing.T, environment, old, new string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "ledger", "shop", environment, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no entries of %s: %v", environment, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_ = os.Chmod(f, 0o600) // the next line says what fails
		if err := os.WriteFile(f, []byte(strings.ReplaceAll(string(raw), old, new)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The target: one version is live in each place, and everything is ready.

func (w *world) Observe(_ context.Context, p delivery.Placement) (delivery.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	live := w.live[p.Place.String()]
	return delivery.State{Live: live, Ready: []string{"1.0.0", "1.1.0"}, Present: []string{"1.0.0", "1.1.0"}}, nil
}

func (w *world) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	if phase == delivery.Promote && now.Live != p.Version {
		return []delivery.Step{p.Step(phase, delivery.Change, "switch", "switch to "+p.Version, nil)}
	}
	return nil
}

func (w *world) Do(_ context.Context, p delivery.Placement, _ delivery.Step, _ func(delivery.Progress)) (delivery.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live[p.Place.String()] = p.Version
	return delivery.Outcome{}, nil
}

func (w *world) Export(_ context.Context, p delivery.Placement, _ delivery.Step) ([]string, error) {
	return []string{"aws switch " + p.Version}, nil
}

// The runtime of this machine.

func (w *world) List(_ context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	return slices.DeleteFunc(slices.Clone(w.here), func(p usecase.Process) bool { return !scope.Covers(p.Place, p.Component) }), nil
}

func (w *world) Up(ctx context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	return w.List(ctx, scope)
}

func (w *world) Down(ctx context.Context, scope delivery.Scope) ([]usecase.Process, error) {
	w.stopped = true
	return w.List(ctx, scope)
}

func (w *world) Delete(context.Context, delivery.Scope) error { return nil }

// What a comparison reads.

func (w *world) Fill(context.Context, *diff.Content, *diff.Content) error { return nil }

func (w *world) Commits(context.Context, delivery.Source, delivery.Source) diff.Commits {
	return diff.Commits{}
}
