package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/bucket/split"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
	"falkirk/internal/notice"
	"falkirk/internal/redact"
	"falkirk/internal/release"
	"falkirk/internal/usecase"
)

// open reads an app file and puts together what works on it.
func open(ctx context.Context, path string, report func(engine.Event)) (*usecase.App, error) {
	f, err := config.Open(path, settings(), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	var sky weather
	accounts := account.New(account.Options{Accounts: withStoreRoles(f.App), App: f.App.Name, Actor: actor(), Retried: sky.hear})
	objects, err := openBucket(ctx, f.App, accounts)
	if err != nil {
		return nil, err
	}
	store := release.New(objects)
	var memory ledger.Memory
	keys := ring(f.App, accounts)
	hide := newHider(f)
	hide.LookUpReleases(ctx, f.App.Name, store)
	crier := newCrier(ctx, f.App.Notices, hide.Redact)
	run := &engine.Engine{
		App: f.App, Targets: map[string]engine.Target{}, Gates: map[string]engine.Gate{}, Releases: redact.Releases{Store: store, Hide: hide},
		Ledger: func(env string) engine.Ledger {
			return redact.Ledger{
				Ledger: ledger.New(objects, f.App.Name, env, lockOptions(f.App, env, &memory, ledgerKeys(keys), report)), Hide: hide, Anchored: crier.anchored,
			}
		},
		Now: time.Now, NewID: newID, Report: func(ev engine.Event) { crier.hear(ev); report(ev) },
	}
	run.EndChildren = endChildren
	run.Fill = outputs{f.App, accounts}.fill
	with := means{app: f.App, store: store, accounts: accounts}
	for _, t := range targets() {
		if run.Targets[t.Name], err = t.open(with); err != nil {
			return nil, err
		}
	}
	for _, g := range gates() {
		run.Gates[g.Name] = g.open(f.App, hide.Redact)
	}
	return &usecase.App{
		File: f, Engine: run, Releases: redact.Releases{Store: store, Hide: hide}, Blob: store.Open,
		Ledger: func(env string) usecase.Log {
			return redact.Log{Ledger: ledger.New(objects, f.App.Name, env, lockOptions(f.App, env, nil, ledgerKeys(keys), report)), Hide: hide}
		},
		Audit: store.Audit,
		Ledgers: func(ctx context.Context) (names, others []string, err error) {
			return ledger.Names(ctx, objects, f.App.Name)
		},
		Packer: packer(f, store, accounts, hide), Redact: hide.Redact, Shown: hide.Show, Tidy: tidy(objects),
		Local: steering{app: f.App, target: run.Targets[kindLocal]},
		Logs:  logs(run),
		Flush: func() []string { return append(crier.close(), sky.report()...) },
		TryNotice: func(ctx context.Context, s delivery.NoticeSetting, actor string) error {
			return notice.Try(ctx, s, senders()[s.Kind], sample(f.App.Name, actor))
		},
		Differ: newDiffer(f.App.Root, store, hide.Redact),
	}, nil
}

// newHider hides the secrets of an app file.
func newHider(f *config.File) *redact.Hider {
	names := []string{actor()}
	for _, e := range f.App.Environments {
		for _, l := range e.Landings {
			names = append(names, namesIn(l)...)
		}
	}
	return redact.New(f.Secrets, f.App, names...)
}

// namesIn are the names in the settings of a target.
func namesIn(l delivery.Landing) []string {
	var values map[string]any
	if json.Unmarshal(l.Settings, &values) != nil {
		return nil
	}
	var all []string
	for _, k := range targets() {
		for _, key := range k.Names {
			if name, ok := values[key].(string); ok && k.Name == l.Target {
				all = append(all, name)
			}
		}
	}
	return all
}

// lockOptions are the options of an environment's ledger.
func lockOptions(a delivery.App, env string, memory *ledger.Memory, keys ledger.Keys, report func(engine.Event)) ledger.Options {
	opt := ledger.Options{
		Lease: a.Lock.Lease.Std(), Request: a.Lock.Request.Std(), Memory: memory, Keys: keys,
		Tell: func(text string) {
			report(engine.Event{At: time.Now().UTC(), Kind: engine.Watching, Operation: delivery.Operation{App: a.Name, Environment: env}, Note: text})
		},
	}
	e, err := a.Environment(env)
	remote := func(l delivery.Landing) bool { return l.Target != kindLocal }
	if err == nil && !slices.ContainsFunc(e.Landings, remote) && strings.HasPrefix(a.Store, "file://") {
		opt.Request = -1 // what the process wrote here, it wrote before it ended
	}
	return opt
}

// openBucket opens the store of an app by its URL.
func openBucket(ctx context.Context, a delivery.App, accounts *account.Pool) (bucket.Bucket, error) {
	if dir, ok := strings.CutPrefix(a.Store, "file://"); ok {
		return file.New(filepath.FromSlash(dir)), nil
	}
	if owners := storeOwners(a, accounts); len(owners) > 0 {
		name, prefix := storePath(a)
		return split.New(s3.New(nil, name, prefix), opener(a, accounts, a.StoreAccount), owners, ledger.Owner(a.Name)), nil
	}
	return opener(a, accounts, a.StoreAccount)(ctx)
}

// tidy is what removes the leftovers of killed commands before each command
// that writes; in S3 the bucket's lifecycle does it.
func tidy(b bucket.Bucket) func() {
	if own, ok := b.(interface{ Tidy() }); ok {
		return own.Tidy
	}
	return func() {}
}

// stateDir is where this machine keeps what runs on it for an app.
func stateDir(a delivery.App) string { return filepath.Join(a.Root, ".falkirk", "local") }

// newID is an operation's ID: sortable by second, unguessable after it.
func newID() string {
	return time.Now().UTC().Format("20060102-150405-") + strings.ToLower(rand.Text()[:6])
}
