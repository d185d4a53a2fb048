package registries

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/fault"
	"falkirk/internal/network"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
)

// Accounts reaches AWS accounts.
type Accounts interface {
	Config(ctx context.Context, account, region string) (aws.Config, error)
}

// Hosts are the registries that were used, so that logins, limits and
// connections are shared. It may be used from many goroutines.
type Hosts struct {
	accounts Accounts

	mu    sync.Mutex
	plain map[string]*registry.Registry
	ecr   map[reach]*service
}

// reach is one ECR with the account that reaches it.
type reach struct{ account, region, host string }

// New knows no registry yet. Without accounts there is no ECR.
func New(accounts Accounts) *Hosts {
	return &Hosts{accounts: accounts, plain: map[string]*registry.Registry{}, ecr: map[reach]*service{}}
}

// Repository names a repository; it need not be there, and nothing is asked yet.
func (h *Hosts) Repository(ctx context.Context, w Where, name string) (Repository, error) {
	if !oci.IsRepository(name) {
		return nil, fault.New(fault.Invalid, "%q is not the name of a repository", name)
	}
	_, region, isECR := ecr.Registry(w.Host)
	if w.Host != "" && !isECR {
		return plain{h.of(w.Host, w.Insecure).Repository(name)}, nil
	}
	if !isECR {
		region = w.Region
	}
	s, err := h.service(ctx, reach{w.Account, region, w.Host})
	if err != nil {
		return nil, err
	}
	r := s.repository(name)
	r.readOnly = w.ReadOnly
	return r, nil
}

// Catalog lists the repositories of a registry.
func (h *Hosts) Catalog(ctx context.Context, w Where) ([]string, error) {
	_, region, isECR := ecr.Registry(w.Host)
	if w.Host != "" && !isECR {
		return h.of(w.Host, w.Insecure).Catalog(ctx)
	}
	if !isECR {
		region = w.Region
	}
	s, err := h.service(ctx, reach{w.Account, region, w.Host})
	if err != nil {
		return nil, err
	}
	return s.Repositories(ctx)
}

// of is the registry of a host, with the login of docker's configuration.
func (h *Hosts) of(host string, insecure bool) *registry.Registry {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := fmt.Sprint(host, insecure)
	if h.plain[at] == nil {
		h.plain[at] = registry.New(registry.Options{Host: host, Plain: insecure, Login: registry.Keychain(host)})
	}
	return h.plain[at]
}

// service is ECR in a region, with the credentials of an account.
func (h *Hosts) service(ctx context.Context, at reach) (*service, error) {
	if h.accounts == nil {
		return nil, fault.New(fault.Invalid, "no registry is named, and there are no accounts")
	}
	cfg, err := h.accounts.Config(ctx, at.account, at.region)
	if err != nil {
		return nil, fmt.Errorf("reach ECR of account %s in %s: %w", at.account, at.region, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ecr[at] == nil {
		h.ecr[at] = &service{Client: ecr.New(cfg, at.account, at.host), transport: transport(cfg)}
	}
	return h.ecr[at], nil
}

// transport is that of the SDK, where it can be had: it has the certificates of
// AWS_CA_BUNDLE.
func transport(cfg aws.Config) *http.Transport {
	switch c := cfg.HTTPClient.(type) {
	case *http.Client:
		return network.Beneath(c.Transport)
	case interface{ GetTransport() *http.Transport }:
		return c.GetTransport()
	}
	return nil
}

// service is ECR in one account and region: its API, and its registry once it
// was needed.
type service struct {
	*ecr.Client
	transport *http.Transport // may be nil

	mu   sync.Mutex
	data *registry.Registry
}

func (s *service) repository(name string) *private {
	return &private{Repository: s.Repository(name), data: func(ctx context.Context) (*registry.Repository, error) {
		reg, err := s.registry(ctx)
		if err != nil {
			return nil, err
		}
		return reg.Repository(name), nil
	}}
}

// registry is where blobs go.
func (s *service) registry(ctx context.Context) (*registry.Registry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		host, plain, err := s.Host(ctx)
		if err != nil {
			return nil, err
		}
		s.data = registry.New(registry.Options{Host: host, Plain: plain, Login: s.Login, Limit: s.Limit, Client: registry.NewClient(s.transport)})
	}
	return s.data, nil
}
