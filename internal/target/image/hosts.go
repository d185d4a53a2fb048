package image

import (
	"context"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
)

// hosts are the registries that were used, so that logins and connections are
// shared.
type hosts struct {
	mu    sync.Mutex
	plain map[string]*registry.Registry
}

// repository finds the repository of a placement.
func (t *Target) repository(_ context.Context, _ delivery.Place, set Settings) (repository, error) {
	if set.Registry == "" {
		return nil, fault.New(fault.Invalid, "no registry is named")
	}
	return plain{t.hosts.of(set.Registry, set.Insecure).Repository(set.Repository)}, nil
}

// builds finds the repository that pack pushes to, reached with the credentials
// of the environment.
func (t *Target) builds(_ context.Context, _ delivery.Place, host, name string, insecure bool) (*registry.Repository, error) {
	return t.hosts.of(host, insecure).Repository(name), nil
}

// of is the registry of a host, with the login of docker's configuration.
func (h *hosts) of(host string, insecure bool) *registry.Registry {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.plain[host]; r != nil {
		return r
	}
	if h.plain == nil {
		h.plain = map[string]*registry.Registry{}
	}
	h.plain[host] = registry.New(registry.Options{Host: host, Plain: insecure, Login: registry.Keychain(host)})
	return h.plain[host]
}
