package site

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Kind is the name of this kind of target.
const Kind = "site"

// Store is where the files of sites come from.
type Store interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
	Site(ctx context.Context, digest string) (delivery.Site, error)
}

// Located is a store whose blobs lie in a bucket of S3. Where the store is none
// the files go through this machine.
type Located interface {
	Where(digest string) (bucket, key string, ok bool)
}

// Accounts gives credentials in the accounts of the app file.
type Accounts interface {
	Config(ctx context.Context, account, region string) (aws.Config, error)
}

// Options is what the target works with.
type Options struct {
	Store    Store
	Accounts Accounts
	Now      func() time.Time
	Patience time.Duration // how long the right bytes may take to be served; 30 s if 0
}

// Target makes sites live in buckets.
type Target struct {
	opt Options

	mu      sync.Mutex
	clients map[clientKey]*s3x.Client
	sites   map[string]delivery.Site // by digest: a manifest never changes
	read    map[stateKey]any         // records and pointers by the ETag they had
	seen    map[viewKey]*view        // of the last look, for the step that comes next
	marked  map[viewKey][]string     // keys about a page of the listing apart
}

// mostKept bounds what a process that lives long keeps of each kind.
const mostKept = 256

type clientKey struct {
	place     delivery.Place
	operation string // has credentials of its own
	parallel  int
}

type stateKey struct{ bucket, key, tag string }

type viewKey struct {
	place     delivery.Place
	component string
}

// New makes the target.
func New(opt Options) *Target {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Patience == 0 {
		opt.Patience = 30 * time.Second
	}
	return &Target{
		opt: opt, clients: map[clientKey]*s3x.Client{}, sites: map[string]delivery.Site{},
		read: map[stateKey]any{}, seen: map[viewKey]*view{}, marked: map[viewKey][]string{},
	}
}

// spot is one placement with its settings read and its bucket reachable.
type spot struct {
	delivery.Placement
	set Settings
	cfg aws.Config
	s3  *s3x.Client

	operation delivery.Operation // that this is done for; none when somebody only looks

	remember func(key, tag string, v any) // what was written needs no reading
}

func (t *Target) spot(ctx context.Context, p delivery.Placement) (spot, error) {
	s := spot{Placement: p}
	var err error
	if s.set, err = read(p.Settings); err != nil {
		return s, err
	}
	if p.Version != "" && p.Artifact.Kind != "" && p.Artifact.Kind != Kind {
		err := fault.New(fault.Invalid, "%s is of kind %s; only a site lands in a bucket", p.Component, p.Artifact.Kind)
		return s, fault.Hint(err, "give component %s another target", p.Component)
	}
	if s.cfg, err = t.opt.Accounts.Config(ctx, p.Place.Account, p.Place.Region); err != nil {
		return s, err
	}
	s.s3 = t.client(ctx, s)
	s.operation, _ = delivery.OperationOf(ctx)
	s.remember = func(key, tag string, v any) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.read) >= mostKept {
			clear(t.read)
		}
		t.read[stateKey{s.set.Bucket, key, tag}] = v
	}
	return s, nil
}

// client is kept, with its open connections and what it learnt of the limit.
func (t *Target) client(ctx context.Context, s spot) *s3x.Client {
	op, _ := delivery.OperationOf(ctx)
	key := clientKey{s.Place, op.ID, s.set.Parallel}
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.clients[key]
	if !ok {
		if len(t.clients) >= mostKept {
			clear(t.clients)
		}
		c = s3x.New(s.cfg, s.set.Parallel, func(cfg aws.Config) *s3.Client { return account.S3(cfg) })
		t.clients[key] = c
	}
	return c
}

// manifest reads a site manifest of the store once.
func (t *Target) manifest(ctx context.Context, digest string) (delivery.Site, error) {
	t.mu.Lock()
	site, ok := t.sites[digest]
	t.mu.Unlock()
	if ok {
		return site, nil
	}
	site, err := t.opt.Store.Site(ctx, digest)
	if err != nil {
		return site, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sites) >= mostKept {
		clear(t.sites)
	}
	t.sites[digest] = site
	return site, nil
}

// explain says where something happened, and gives an error of AWS its kind.
func (s spot) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	err = account.Classify(err)
	kind, hint := fault.KindOf(err), fault.HintOf(err)
	if kind == fault.Refused && hint == "" {
		hint = "falkirk doctor shows what the role may not do"
		if s.Place.Account != "" {
			hint = "falkirk doctor " + s.Place.Account + " shows what the role may not do"
		}
	}
	err = fault.New(kind, "%s of %s in %s (s3://%s): %w", doing, s.Component, s.Place, s.set.placeKey(), err)
	if hint != "" {
		err = fault.Hint(err, "%s", hint)
	}
	return err
}
