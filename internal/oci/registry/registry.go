// Package registry speaks the OCI distribution protocol (version 1.1, and what
// older registries understand of it): manifests, blobs, tags and referrers of
// one repository, with as few requests as it takes. It knows no cloud.
package registry

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"falkirk/internal/fence"
	"falkirk/internal/limit"
	"falkirk/internal/network"
)

// Login gives the user and password for a registry; again says that the last
// ones were refused. An empty user is nobody.
type Login func(ctx context.Context, again bool) (user, password string, err error)

// Options is what a registry is reached with.
type Options struct {
	Host   string // "127.0.0.1:5000", "ghcr.io"
	Plain  bool   // HTTP without TLS
	Login  Login  // may be nil: nobody
	Client *http.Client
	// Limit, where it is set, waits until a manifest may be written: some
	// registries count those.
	Limit func(ctx context.Context) error
	Pause time.Duration // before the first repetition of a request; 200 ms if 0
	Idle  time.Duration // in which a body must go on; 30 s if 0
	Whole time.Duration // in which a small document must end; 2 minutes if 0
}

// Registry is one host. It may be used from many goroutines.
type Registry struct {
	opt    Options
	base   string
	origin *url.URL     // what the credentials belong to
	client *http.Client // for the registry
	tokens *http.Client // for the realm
	auth   auth

	asking sync.Mutex  // whether it lists referrers
	asked  atomic.Bool // that was found out
	old    atomic.Bool // it has shown that it does not

	reached atomic.Bool  // it has answered
	limit   *limit.Limit // of requests under way
}

// New makes a registry; nothing is asked of it yet.
func New(o Options) *Registry {
	scheme, host := "https://", o.Host
	if o.Plain {
		scheme = "http://"
	}
	if host == "docker.io" || host == "index.docker.io" {
		host = "registry-1.docker.io"
	}
	if o.Client == nil {
		o.Client = NewClient(nil)
	}
	if o.Pause <= 0 {
		o.Pause = 200 * time.Millisecond
	}
	if o.Limit == nil {
		o.Limit = func(context.Context) error { return nil }
	}
	r := &Registry{
		opt: o, base: scheme + host + "/v2/", limit: limit.New(16, 64),
		origin: &url.URL{Scheme: strings.TrimSuffix(scheme, "://"), Host: host},
	}
	own, tokens := *o.Client, *o.Client
	own.CheckRedirect, tokens.CheckRedirect = r.redirect, atRealm
	own.Jar, tokens.Jar = nil, nil
	next := o.Client.Transport
	if next == nil {
		next = network.NewTransport(nil)
	}
	own.Transport = network.Patient(next, network.Limits{Idle: o.Idle, Whole: o.Whole})
	tokens.Transport = own.Transport
	r.client, r.tokens = &own, &tokens
	return r
}

// NewClient makes an HTTP client that keeps enough connections for a copy, with
// the certificates and proxy of a transport; nil is the standard library's.
func NewClient(like *http.Transport) *http.Client {
	t := network.NewTransport(like)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 128, 64
	t.DisableCompression = true // blobs are what their digests say
	t.MaxResponseHeaderBytes = 1 << 20
	return &http.Client{Transport: fence.Transport(t)}
}

// Host is the registry's name, with its port.
func (r *Registry) Host() string { return r.opt.Host }

// Repository is one repository of a registry.
type Repository struct {
	reg  *Registry
	name string
}

// Repository names one; it need not be there.
func (r *Registry) Repository(name string) *Repository { return &Repository{r, name} }

// Registry is the host that the repository is on.
func (r *Repository) Registry() string { return r.reg.opt.Host }

// Name is the repository's name in its registry.
func (r *Repository) Name() string { return r.name }

// String is registry and repository, as in an image reference.
func (r *Repository) String() string { return r.reg.opt.Host + "/" + r.name }
