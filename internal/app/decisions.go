package app

import (
	"context"
	"io"
	"os"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/internal/oci"
	"falkirk/internal/redact"
	"falkirk/internal/release"
)

// decisionsFresh is how long what people decided is taken as read while many
// small writes are made.
const decisionsFresh = time.Second

// openDecisions reads an app file, for what people decided in its store.
func openDecisions(ctx context.Context, path string) (*engine.Decisions, error) {
	f, err := config.Open(path, settings(), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return decisionsOf(ctx, f.App)
}

func decisionsOf(ctx context.Context, a delivery.App) (*engine.Decisions, error) {
	accounts := account.New(account.Options{Accounts: a.Accounts, App: a.Name, Actor: actor()})
	objects, err := openBucket(ctx, a, accounts)
	if err != nil {
		return nil, err
	}
	people := decisionsIn(objects, a.Name, ledgerKeys(ring(a, accounts)))
	people.Unsafe = a.Unsafe
	return people, nil
}

// decisionsIn are those about an app in a store.
func decisionsIn(objects bucket.Bucket, app string, keys ledger.Keys) *engine.Decisions {
	store := release.New(objects)
	return &engine.Decisions{
		App: app, Releases: store, Fresh: decisionsFresh, Now: time.Now,
		Ledger: redact.Ledger{
			Ledger: ledger.New(objects, app, delivery.Everywhere, ledger.Options{Keys: keys}), Hide: redact.New(nil, delivery.App{}), Anchored: func(string, delivery.Anchor) {},
		},
		Below: func(ctx context.Context, digest string) ([]string, error) { return below(ctx, store, digest) },
	}
}

// mostManifest bounds what is read of a blob that may be no manifest.
const mostManifest = 4 << 20

// below lists what an index in the store leads to; what is no index has nothing
// below it.
func below(ctx context.Context, store *release.Store, digest string) ([]string, error) {
	body, err := store.Open(ctx, digest)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, mostManifest))
	if err != nil {
		return nil, err
	}
	m, err := oci.NewManifest(raw, "")
	if err != nil {
		return nil, nil //nolint:nilerr // it is no image, such as a site
	}
	var all []string
	for _, child := range m.Children() {
		all = append(all, child.Digest.String())
	}
	return all, nil
}
