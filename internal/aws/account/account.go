// Package account reaches AWS accounts: it walks the chain of roles of an
// account in the app file, and is the only place that assumes one.
package account

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/network"
)

// Options is what a pool works with.
type Options struct {
	Accounts []delivery.Account // of the app file
	App      string
	Actor    string                                           // who asks; in the name of every session
	Profile  string                                           // of the SDK's configuration; empty: the ordinary one
	Start    func(ctx context.Context) (aws.Config, error)    // the starting credentials; nil: the SDK's ordinary chain
	Retried  func(account, region, service, operation string) // told of every call that was sent again; may be nil
}

// Pool reaches accounts. Sessions last for the run and are renewed before they
// expire. It may be used from many goroutines.
type Pool struct {
	opt Options

	mu       sync.Mutex
	start    *aws.Config
	program  *program    // that gives the starting credentials; nil where no program does
	reached  atomic.Bool // a server has answered in this run
	sessions map[session]*chain
}

// New makes a pool; nothing is asked of anybody until an account is needed.
func New(opt Options) *Pool {
	p := &Pool{opt: opt, sessions: map[session]*chain{}}
	if p.opt.Start == nil {
		p.opt.Start = p.load
	}
	return p
}

// Config is the SDK's configuration for an account of the app file in a region;
// no region is the account's home. The empty account is that of the starting
// credentials. An account whose chain ends in another one than the app file
// says is fault.Refused, and nothing else is asked of it.
func (p *Pool) Config(ctx context.Context, name, region string) (aws.Config, error) {
	start, err := p.starting(ctx)
	if err != nil {
		return aws.Config{}, err
	}
	if name == "" {
		return p.placed(start, delivery.Account{}, region)
	}
	a, ok := (delivery.App{Accounts: p.opt.Accounts}).Account(name)
	if !ok {
		return aws.Config{}, fault.Hint(fault.New(fault.Invalid, "no account %q in the app file", name), "name an account of the app file; falkirk config show lists them")
	}
	if err := a.Unusable.Err("account " + name); err != nil {
		return aws.Config{}, err
	}
	c := p.chain(ctx, a, start)
	if err := c.prove(ctx); err != nil {
		return aws.Config{}, err
	}
	cfg := start.Copy()
	cfg.Credentials = c.credentials
	return p.placed(cfg, a, region)
}

// placed sets the region, the endpoint, and how calls are repeated.
func (p *Pool) placed(cfg aws.Config, a delivery.Account, region string) (aws.Config, error) {
	cfg = cfg.Copy()
	switch {
	case region != "":
		cfg.Region = region
	case a.Region != "":
		cfg.Region = a.Region
	}
	if cfg.Region == "" {
		err := fault.New(fault.Invalid, "no region is known for account %q", a.Name)
		return cfg, fault.Hint(err, "set region of the account in the app file, or AWS_REGION")
	}
	if a.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(a.Endpoint)
	}
	var renew func()
	if cached, ok := cfg.Credentials.(*aws.CredentialsCache); ok && a.Role != "" {
		renew = cached.Invalidate
	}
	cfg.Retryer = p.retryer(a.Name, cfg.Region, adaptive, renew)
	return cfg, nil
}

// wide is an HTTP client that keeps as many connections as calls are made side
// by side; the SDK's own keeps ten.
func wide() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(network.Prepare, func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 1024, 256
	}, fence.Limit)
}

// longestLogin is how long a request may take that the SDK sends to get the
// starting credentials.
const longestLogin = time.Minute

// load reads the SDK's ordinary chain. The clients that it makes to get
// credentials, as for SSO, a role of a profile or a web identity, are followed as
// all others are. They have the SDK's own HTTP client, which alone takes the
// certificates of AWS_CA_BUNDLE.
func (p *Pool) load(ctx context.Context) (aws.Config, error) {
	if err := network.CheckVariables(os.Environ()); err != nil {
		return aws.Config{}, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(wide().WithTimeout(longestLogin)), config.WithLogger(logging.Nop{}),
		config.WithSharedConfigProfile(p.opt.Profile), config.WithRetryer(p.retryer("", "", standard, nil)),
		config.WithAPIOptions([]func(*middleware.Stack) error{p.watchedLogin}))
	if err == nil {
		p.program = ownProgram(&cfg)
	}
	cfg.APIOptions = nil // starting adds them, and more
	if own, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = own.WithTimeout(0)
	}
	return cfg, err
}

// starting reads the SDK's ordinary chain once.
func (p *Pool) starting(ctx context.Context) (aws.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.start != nil {
		return *p.start, nil
	}
	cfg, err := p.opt.Start(ctx)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the AWS configuration: %w", classify(err))
	}
	cfg.Retryer = p.retryer("", cfg.Region, standard, nil) // of the roles' chains
	cfg.Logger = logging.Nop{}                             // what matters is in the errors
	cfg.HTTPClient = direct(cfg.HTTPClient)
	cfg.Credentials = attended(cfg.Credentials, p.program)
	cfg.APIOptions = append(cfg.APIOptions, p.watched, fenced, noted)
	p.start = &cfg
	return cfg, nil
}

// Whose says which account credentials belong to.
func Whose(ctx context.Context, cfg aws.Config) (string, error) {
	h := identity(ctx, cfg, Hop{})
	return h.ID, h.Err
}
