package decide_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/ledger"
	"falkirk/internal/release"
	"falkirk/internal/signing/keys"
	"falkirk/internal/signing/signers"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// world is an app with the real engine, gates and ledgers, and a store in a folder. Only
// the target is of the test.
type world struct {
	*testing.T
	dir    string
	app    *usecase.App
	gate   *approval.Gate
	log    func(env string) *ledger.Ledger
	mu     sync.Mutex
	live   map[string]string // by place
	events []usecase.Event
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

// newWorld has release 1, packed by anna. It is asked about in prd, which is protected
// and where any two may approve but anna, and in sig, where one must who has signed.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir(), live: map[string]string{}}
	objects := file.New(w.dir)
	store := release.New(objects)
	for _, version := range []string{"1", "2"} {
		digest, err := store.WriteBytes(t.Context(), []byte("web "+version))
		if err != nil {
			t.Fatal(err)
		}
		rel := delivery.Release{Schema: delivery.ReleaseSchema, App: "shop", Version: version, PackedAt: time.Now().UTC(), PackedBy: "anna@laptop", Tool: "dev", Artifacts: []delivery.Artifact{{Component: "web", Kind: "plain", Digest: digest}}}
		if _, _, err := store.Add(t.Context(), rel); err != nil {
			t.Fatal(err)
		}
	}
	shop := delivery.App{Name: "shop", Root: w.dir, Components: []delivery.Component{{Name: "web", Kind: "plain"}}}
	for name, settings := range map[string]string{"prd": `{"quorum": 2, "not": ["packer"]}`, "sig": `{"signed": true, "signers": "signers"}`} {
		place := delivery.Place{Environment: name, Region: "eu"}
		shop.Environments = append(shop.Environments, delivery.Environment{
			Name: name, Protected: name == "prd", Keep: 3, Parallel: 1, Places: []delivery.Place{place},
			Landings: []delivery.Landing{{Place: place, Component: "web", Target: "fake"}},
			Gates:    []delivery.GateSetting{{Name: "board", Kind: "approval", When: delivery.Before(delivery.Promote), Once: true, Settings: json.RawMessage(settings)}},
		})
	}
	w.log = func(env string) *ledger.Ledger {
		return ledger.New(objects, "shop", env, ledger.Options{Lease: time.Second, Request: -1})
	}
	w.gate = approval.New(w.dir, nil, time.Now)
	ids := 0
	run := &engine.Engine{
		App: shop, Targets: map[string]engine.Target{"fake": w}, Gates: map[string]engine.Gate{"approval": w.gate}, Releases: store,
		Ledger: func(env string) engine.Ledger { return book{w.log(env)} },
		Now:    time.Now, Report: func(engine.Event) {},
		NewID: func() string { ids++; return fmt.Sprintf("op-%03d", ids) },
	}
	w.app = &usecase.App{
		File: &config.File{App: shop}, Engine: run, Releases: store,
		Ledger: func(env string) usecase.Log { return w.log(env) },
		Redact: func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") },
		Ledgers: func(ctx context.Context) (names, others []string, err error) {
			return ledger.Names(ctx, objects, "shop")
		},
	}
	return w
}

// asks has dora ask for a promotion, which then waits for approval.
func (w *world) asks(env, version string) {
	w.Helper()
	_, err := w.app.Engine.Run(w.Context(), engine.Request{Verb: delivery.VerbPromote, Environment: env, Version: version, Actor: "dora@ci"})
	if !fault.Is(err, fault.Pending) {
		w.Fatalf("promote %s in %s: %v", version, env, err)
	}
}

// ask asks for a use case as a face on another machine does: by name, with JSON.
func (w *world) ask(actor, name string, query any) (any, error) {
	w.Helper()
	raw, is := query.(string)
	if !is {
		text, err := json.Marshal(query)
		if err != nil {
			w.Fatal(err)
		}
		raw = string(text)
	}
	room := decide.New(func(*usecase.App) decide.Gates { return gates{w.gate} })
	e, err := usecase.NewCatalog(room.Entries()...).Find(name, usecase.Remote)
	if err != nil {
		w.Fatal(err)
	}
	return e.Do(w.Context(), &usecase.Call{
		Actor: actor, Tell: func(ev usecase.Event) { w.events = append(w.events, ev) },
		Open: func(context.Context, func(engine.Event)) (*usecase.App, error) { return w.app, nil },
	}, []byte(raw))
}

// review is what somebody is asked about.
func (w *world) review(actor string, q decide.ReviewQuery) decide.Review {
	w.Helper()
	r, err := w.ask(actor, "decide.review", q)
	if err != nil {
		w.Fatal(err)
	}
	return r.(decide.Review)
}

// files counts the entries of all ledgers.
func (w *world) entries() int {
	all, err := filepath.Glob(filepath.Join(w.dir, "ledger", "shop", "*", "*.json"))
	if err != nil {
		w.Fatal(err)
	}
	return len(all)
}

// refused proves that a request is refused with a kind and a text, and that nothing is
// written.
func (w *world) refused(actor, name string, query any, kind fault.Kind, says string) {
	w.Helper()
	before := w.entries()
	_, err := w.ask(actor, name, query)
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), says) {
		w.Errorf("%s %v: %v", name, query, err)
	}
	if err != nil && fault.HintOf(err) == "" {
		w.Errorf("%s %v: %v: there is no next step", name, query, err)
	}
	if w.entries() != before {
		w.Errorf("%s %v: something was written", name, query)
	}
}

// gates is the approval gate.
type gates struct{ *approval.Gate }

func (g gates) Count(q delivery.Question) (decide.Tally, error) {
	t, err := g.Gate.Count(q)
	out := decide.Tally{Gate: q.Gate, Answer: t.Answer, Reason: t.Reason, Quorum: t.Quorum, Signed: approval.Signed(q)}
	for _, w := range t.Ignored {
		out.Ignored = append(out.Ignored, decide.Ignored{Signed: w.Signed, Why: w.Why, Void: w.Void})
	}
	return out, err
}

func (g gates) Name(q delivery.Question, key decide.PublicKey, wanted string) (string, error) {
	return g.Gate.Name(q, keys.Key{Path: key.Label, Public: key.Line}, wanted)
}

func (gates) Signed(message, signature string) error {
	return signers.Check(message, signature, delivery.SignatureNamespace)
}

// The target: one version is live in each place, and everything is ready.

func (w *world) Observe(_ context.Context, p delivery.Placement) (delivery.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return delivery.State{Live: w.live[p.Place.String()], Ready: []string{"1", "2"}, Present: []string{"1", "2"}}, nil
}

func (w *world) Plan(phase delivery.Phase, p delivery.Placement, now delivery.State) []delivery.Step {
	if phase == delivery.Promote && now.Live != p.Version {
		return []delivery.Step{p.Step(phase, delivery.Change, "switch", "switch from "+now.Live+" to "+p.Version, nil)}
	}
	return nil
}

func (w *world) Do(_ context.Context, p delivery.Placement, _ delivery.Step, _ func(delivery.Progress)) (delivery.Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live[p.Place.String()] = p.Version
	return delivery.Outcome{}, nil
}

// isConsent is the consent that an error asks for.
func isConsent(err error) *usecase.ConsentError {
	var need *usecase.ConsentError
	errors.As(err, &need)
	return need
}
