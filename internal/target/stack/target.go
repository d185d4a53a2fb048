package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Store is where templates and files come from.
type Store interface {
	Open(ctx context.Context, digest string) (io.ReadCloser, error)
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
	Pace     cfn.Options // for tests; the zero value otherwise
}

// Target makes stacks live.
type Target struct {
	opt Options

	mu      sync.Mutex
	clients map[clientKey]*cfn.Client
}

// clientKey tells one client from another: an operation has credentials of its
// own.
type clientKey struct{ account, region, operation string }

// New makes the target.
func New(opt Options) *Target { return &Target{opt: opt, clients: map[clientKey]*cfn.Client{}} }

// client is shared by all stacks of an account and region, with its reads and
// its limits.
func (t *Target) client(ctx context.Context, p delivery.Place) (*cfn.Client, error) {
	op, _ := delivery.OperationOf(ctx)
	key := clientKey{p.Account, p.Region, op.ID}
	cfg, err := t.opt.Accounts.Config(ctx, p.Account, p.Region)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.clients[key]
	if !ok {
		pace := t.opt.Pace
		pace.Where = p.Account + "/" + p.Region
		c = cfn.New(cfg, pace)
		t.clients[key] = c
	}
	return c, nil
}

// spot is one placement with what works on it.
type spot struct {
	delivery.Placement
	set Settings
	t   *Target
	*cfn.Client
}

func (t *Target) spot(ctx context.Context, p delivery.Placement) (spot, error) {
	set, err := read(p.Settings)
	if err != nil {
		return spot{}, err
	}
	if p.Artifact.Kind != "" && p.Artifact.Kind != "stack" {
		err := fault.New(fault.Invalid, "component %s is of kind %s, and a stack is made of a template", p.Component, p.Artifact.Kind)
		return spot{}, fault.Hint(err, "components.%s: {stack: {template: FILE}}", p.Component)
	}
	c, err := t.client(ctx, p.Place)
	return spot{Placement: p, set: set, t: t, Client: c}, err
}

// manifest reads what the release packed.
func (s spot) manifest(ctx context.Context) (delivery.Stack, error) {
	var m delivery.Stack
	raw, err := s.blob(ctx, s.Artifact.Digest)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read the stack of %s: %w", s.Version, err)
	}
	return m, nil
}

// most is far above what a template may have.
const most = 8 << 20

func (s spot) blob(ctx context.Context, digest string) ([]byte, error) {
	r, err := s.t.opt.Store.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, most))
}
