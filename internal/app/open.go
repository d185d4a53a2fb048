package app

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/ledger"
	"falkirk/internal/notice"
	"falkirk/internal/release"
)

// open reads an app file and puts together what works on it.
func open(ctx context.Context, path string, report func(engine.Event)) (*cli.App, error) {
	f, err := config.Load(path, settings(), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	objects, err := openBucket(f.App.Store)
	if err != nil {
		return nil, err
	}
	store := release.New(objects)
	var sky weather
	accounts := account.New(account.Options{Accounts: f.App.Accounts, App: f.App.Name, Actor: actor(), Retried: sky.hear})
	crier := newCrier(ctx, f.App.Notices, redactor(f.Secrets))
	run := &engine.Engine{
		App: f.App, Targets: map[string]engine.Target{}, Gates: map[string]engine.Gate{}, Releases: store,
		Ledger: func(env string) engine.Ledger {
			return careful{ledger.New(objects, f.App.Name, env, ledger.Options{}), redactor(f.Secrets)}
		},
		Now: time.Now, NewID: newID, Report: func(ev engine.Event) { crier.hear(ev); report(ev) },
	}
	with := means{app: f.App, store: store, accounts: accounts}
	for _, t := range targets() {
		if run.Targets[t.Name], err = t.open(with); err != nil {
			return nil, err
		}
	}
	for _, g := range gates() {
		run.Gates[g.Name] = g.open(f.App)
	}
	return &cli.App{
		File: f, Engine: run, Releases: store, Blob: store.Open,
		Ledger: func(env string) cli.Log { return ledger.New(objects, f.App.Name, env, ledger.Options{}) },
		Packer: packer(f.App, store), Redact: redactor(f.Secrets), Tidy: objects.Tidy,
		Local:  steering{app: f.App, target: run.Targets["local"]},
		Logs:   logs(run),
		Assent: assent{approval.New(f.App.Root, f.App.Groups, time.Now)},
		Flush:  func() []string { return append(crier.close(), sky.report()...) },
		TryNotice: func(ctx context.Context, s delivery.NoticeSetting, actor string) error {
			return notice.Try(ctx, s, senders()[s.Kind], sample(f.App.Name, actor))
		},
		Examine: examiner(f.App, accounts),
		Differ:  newDiffer(f.App.Root, store, redactor(f.Secrets)),
	}, nil
}

// openBucket opens a store by its URL.
func openBucket(url string) (*file.Bucket, error) {
	dir, ok := strings.CutPrefix(url, "file://")
	if !ok {
		err := fault.New(fault.Invalid, "this build of falkirk has no store for %s", url)
		return nil, fault.Hint(err, "use a file:// store")
	}
	return file.New(filepath.FromSlash(dir)), nil
}

// stateDir is where this machine keeps what runs on it for an app.
func stateDir(a delivery.App) string { return filepath.Join(a.Root, ".falkirk", "local") }

// newID is an operation's ID: sortable by second, unguessable after it.
func newID() string {
	return time.Now().UTC().Format("20060102-150405-") + strings.ToLower(rand.Text()[:6])
}
