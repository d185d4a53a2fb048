package image

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// hosts are the registries that were used, so that logins, limits and
// connections are shared.
type hosts struct {
	mu    sync.Mutex
	plain map[string]*registry.Registry
	ecr   map[reach]*amazon
}

// reach is one ECR with the account that reaches it.
type reach struct{ account, region, registry string }

// amazon is ECR in one account and region: its API, and its registry once it
// was needed.
type amazon struct {
	*ecr.Client
	transport *http.Transport // with the certificates of AWS_CA_BUNDLE; may be nil

	mu   sync.Mutex
	data *registry.Registry
}

// repository finds the repository of a placement, reached with the credentials
// of its account.
func (t *Target) repository(ctx context.Context, p delivery.Place, set Settings) (repository, error) {
	id, region, isECR := ecr.Registry(set.Registry)
	if set.Registry != "" && !isECR {
		return plain{t.hosts.of(set.Registry, set.Insecure).Repository(set.Repository)}, nil
	}
	if !isECR {
		region = p.Region
	}
	if err := t.ownRegistry(p, set, id); err != nil {
		return nil, err
	}
	a, err := t.amazon(ctx, p.Account, region, set.Registry)
	if err != nil {
		return nil, err
	}
	return a.repository(set.Repository), nil
}

// ownRegistry refuses a registry of another account than the place's: what goes
// into an account is written by that account's own role, and by no other.
func (t *Target) ownRegistry(p delivery.Place, set Settings, id string) error {
	if id == "" || t.opt.ID == nil {
		return nil
	}
	if own := t.opt.ID(p.Account); own != "" && own != id {
		err := fault.New(fault.Refused, "registry %s is of account %s, and %s is account %s (%s): a release is written by the account that it goes to",
			set.Registry, id, p, p.Account, own)
		return fault.Hint(err, "leave registry out, or give the place the account %s", id)
	}
	return nil
}

func (a *amazon) repository(name string) *private {
	return &private{Repository: a.Repository(name), data: func(ctx context.Context) (*registry.Repository, error) {
		reg, err := a.registry(ctx)
		if err != nil {
			return nil, err
		}
		return reg.Repository(name), nil
	}}
}

// origin is where an image may come from.
type origin interface {
	oci.From
	Digest(ctx context.Context, reference string) (string, error)
}

// builds finds the repository that pack pushes to, reached with the credentials
// of the environment: nothing of the builds account is held here.
func (t *Target) builds(ctx context.Context, p delivery.Place, reference string, insecure bool) (origin, error) {
	host, name, ok := strings.Cut(reference, "/")
	if !ok {
		return nil, fault.New(fault.Invalid, "%q names no repository of a registry", reference)
	}
	_, region, isECR := ecr.Registry(host)
	if !isECR {
		return t.hosts.of(host, insecure).Repository(name), nil
	}
	a, err := t.amazon(ctx, p.Account, region, host)
	if err != nil {
		return nil, err
	}
	return a.repository(name), nil
}

// of is the registry of a host, with the login of docker's configuration.
func (h *hosts) of(host string, insecure bool) *registry.Registry {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := fmt.Sprint(host, insecure)
	if h.plain == nil {
		h.plain = map[string]*registry.Registry{}
	}
	if h.plain[at] == nil {
		h.plain[at] = registry.New(registry.Options{Host: host, Plain: insecure, Login: registry.Keychain(host)})
	}
	return h.plain[at]
}

// amazon is ECR in a region, with the credentials of an account.
func (t *Target) amazon(ctx context.Context, account, region, host string) (*amazon, error) {
	if t.opt.Accounts == nil {
		return nil, fault.New(fault.Invalid, "no registry is named, and there are no accounts")
	}
	cfg, err := t.opt.Accounts.Config(ctx, account, region)
	if err != nil {
		return nil, fmt.Errorf("reach ECR of account %s in %s: %w", account, region, err)
	}
	t.hosts.mu.Lock()
	defer t.hosts.mu.Unlock()
	at := reach{account, region, host}
	if t.hosts.ecr[at] == nil {
		if t.hosts.ecr == nil {
			t.hosts.ecr = map[reach]*amazon{}
		}
		t.hosts.ecr[at] = &amazon{Client: ecr.New(cfg, account, host), transport: transport(cfg)}
	}
	return t.hosts.ecr[at], nil
}

// transport is that of the SDK, where it can be had.
func transport(cfg aws.Config) *http.Transport {
	if c, ok := cfg.HTTPClient.(interface{ GetTransport() *http.Transport }); ok {
		return c.GetTransport()
	}
	return nil
}

// registry is where blobs go.
func (a *amazon) registry(ctx context.Context) (*registry.Registry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.data == nil {
		host, plain, err := a.Host(ctx)
		if err != nil {
			return nil, err
		}
		a.data = registry.New(registry.Options{Host: host, Plain: plain, Login: a.Login, Limit: a.Limit, Client: registry.NewClient(a.transport)})
	}
	return a.data, nil
}
