package registry

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"falkirk/internal/fault"
)

// purpose is why an answer of a registry sends a request to another address.
type purpose int

const (
	reading   purpose = iota // a redirect of a GET or HEAD
	writing                  // a redirect of any other method
	uploading                // the Location of an upload
	paging                   // the Link to the next page
	realm                    // where a challenge says that tokens are
	login                    // a redirect of the request for a token
)

// String names the thing that holds the address.
func (p purpose) String() string {
	return [...]string{"a redirect", "a redirect", "the address of an upload", "the link to the next page", "the realm for tokens", "a redirect of the login"}[p]
}

// mayGo is the one rule for every address that an answer names. It says whether
// a request may go from an address to another one, and whether the credentials go
// with it. Origin is scheme, host and port:
//
//   - the same origin: the request and the credentials;
//   - from https to http, or an address with a user in it: never;
//   - a redirect of a read (blobs in S3): the request, without credentials;
//   - a realm: the login of the registry, as the docker command sends it; over
//     http only from a registry without TLS;
//   - everything else (uploads, pages, redirects of writes and logins): never.
func mayGo(p purpose, from, to *url.URL) (authorized bool, err error) {
	switch {
	case to.Scheme != "https" && to.Scheme != "http" || to.Hostname() == "" || to.User != nil:
		return false, refusal(p, from, to, "this is not a plain address of http or https")
	case originOf(from) == originOf(to):
		return true, nil
	case from.Scheme == "https" && to.Scheme == "http":
		return false, refusal(p, from, to, "this is not encrypted")
	case p == realm:
		return true, nil
	case p == reading:
		return false, nil
	}
	return false, refusal(p, from, to, "this is another host, port or scheme")
}

func refusal(p purpose, from, to *url.URL, why string) error {
	err := fault.New(fault.Refused, "%s from %s leads to %s: %s; nothing is sent there", p, originOf(from), originOf(to), why)
	return fault.Hint(err, "check the proxy in front of %s: it must pass Host and X-Forwarded-Proto on, so that the registry names its own address", from.Host)
}

// originOf is scheme, host and port in one form.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// own reports whether an address is on the registry itself.
func (r *Registry) own(u *url.URL) bool { return originOf(u) == originOf(r.origin) }

// resolve reads an address in an answer: relative ones belong to the address that
// answered.
func (r *Registry) resolve(p purpose, res *http.Response, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s from %s is not an address", p, r.opt.Host)
	}
	u = res.Request.URL.ResolveReference(u)
	_, err = mayGo(p, r.origin, u)
	return u, err
}

// location is where an upload goes on.
func (r *Registry) location(res *http.Response) (*url.URL, error) {
	address := res.Header.Get("Location")
	if address == "" {
		return nil, http.ErrNoLocation
	}
	return r.resolve(uploading, res, address)
}

// redirect lets a client follow what the rule allows. What the standard library
// keeps for another port or a sub-domain is dropped too.
func (r *Registry) redirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	p := writing
	if first.Method == http.MethodGet || first.Method == http.MethodHead {
		p = reading
	}
	authorized, err := step(p, req, via)
	if !authorized || !r.own(req.URL) {
		req.Header.Del("Authorization")
	}
	return err
}

// atRealm lets a request for a token follow redirects on the realm's own host.
func atRealm(req *http.Request, via []*http.Request) error {
	_, err := step(login, req, via)
	return err
}

// step is one redirect: authorized only if each step before was.
func step(p purpose, req *http.Request, via []*http.Request) (authorized bool, err error) {
	req.Header.Del("Referer") // the address before may hold a signature
	if len(via) >= 10 {
		return false, fault.New(fault.Unavailable, "%s leads to more than ten redirects", originOf(via[0].URL))
	}
	if req.Method != via[0].Method {
		return false, fault.New(fault.Refused, "%s answers %s with a redirect that makes it a %s", originOf(via[0].URL), via[0].Method, req.Method)
	}
	authorized = true
	for i, from := range via {
		to := req.URL
		if i+1 < len(via) {
			to = via[i+1].URL
		}
		ok, err := mayGo(p, from.URL, to)
		if err != nil {
			return false, err
		}
		authorized = authorized && ok
	}
	return authorized, nil
}

// withoutAddress is an error of a client without the address, which may hold a
// signature.
func withoutAddress(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
