// Package kube changes objects of a Kubernetes cluster by server-side apply,
// and removes what it made: nothing else. It knows the few kinds that Falkirk
// makes, and speaks the cluster's API over HTTP; how to log in comes from
// kubeconfig.
package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Manager is the name under which Falkirk owns fields.
const Manager = "falkirk"

// Object is a manifest, or what the cluster has of it.
type Object = map[string]any

// Client speaks to one cluster.
type Client struct {
	http *http.Client
	base *url.URL
	name string // for errors
}

// New makes a client by a configuration; name is the cluster's, for errors.
func New(c *rest.Config, name string) (*Client, error) {
	c = rest.CopyConfig(c)
	c.Dial = network.NewTransport(nil).DialContext // also: the transport is shared with nobody
	c.Wrap(noteProxy)
	h, err := rest.HTTPClientFor(c)
	if err != nil {
		return nil, fault.New(fault.Invalid, "log in to cluster %s: %w", name, err)
	}
	base, _, err := rest.DefaultServerUrlFor(c)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the address of cluster %s: %w", name, err)
	}
	// The token is put on every request, also on one that a redirect leads to
	// another host: a cluster redirects none of ours, and the client follows none.
	client := network.NewClient(h.Transport, network.Limits{})
	client.Timeout = h.Timeout
	return &Client{http: client, base: base, name: name}, nil
}

// noteProxy lets the errors of client-go's own transport name a proxy.
func noteProxy(rt http.RoundTripper) http.RoundTripper {
	for at := rt; ; {
		switch t := at.(type) {
		case *http.Transport:
			network.NoteProxy(t)
			return rt
		case utilnet.RoundTripperWrapper:
			at = t.WrappedRoundTripper()
		default:
			return rt
		}
	}
}

// Name is the cluster's, for people.
func (c *Client) Name() string { return c.name }

// Key names one object.
type Key struct{ Kind, Namespace, Name string }

func (k Key) String() string { return k.Kind + " " + k.Namespace + "/" + k.Name }

// keyOf reads the names out of a manifest.
func keyOf(o Object) Key {
	return Key{text(o, "kind"), text(o, "metadata", "namespace"), text(o, "metadata", "name")}
}

// path is where an object is served; Falkirk makes no other kinds.
func (k Key) path() (string, error) {
	var group string
	switch k.Kind {
	case "ServiceAccount", "ConfigMap":
		group = "/api/v1"
	case "CronJob":
		group = "/apis/batch/v1"
	case "NetworkPolicy":
		group = "/apis/networking.k8s.io/v1"
	default:
		return "", fault.New(fault.Internal, "no kind %q", k.Kind)
	}
	plural := strings.ToLower(k.Kind) + "s"
	if k.Kind == "NetworkPolicy" {
		plural = "networkpolicies"
	}
	return group + "/namespaces/" + url.PathEscape(k.Namespace) + "/" + plural + "/" + url.PathEscape(k.Name), nil
}

// call sends one request and reads what comes back. What is not there is
// fault.NotFound.
func (c *Client) call(ctx context.Context, method string, k Key, query url.Values, body Object) (Object, error) {
	at, err := k.path()
	if err != nil {
		return nil, err
	}
	to := *c.base
	to.Path, to.RawQuery = strings.TrimSuffix(to.Path, "/")+at, query.Encode()
	var raw []byte
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write %s: %w", k, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("ask cluster %s: %w", c.name, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/apply-patch+yaml") // JSON is YAML
	}
	return c.answer(req, k, query.Has("dryRun"))
}

// most is more than an object of a cluster can have.
const most = 8 << 20

// answer sends a request and reads the answer. What is dry changes nothing.
func (c *Client) answer(req *http.Request, k Key, dry bool) (Object, error) {
	res, err := c.http.Do(req.WithContext(network.Named(req.Context(), "cluster "+c.name)))
	if !dry {
		status := 0
		if err == nil {
			status = res.StatusCode
		}
		fault.Answered(req.Context(), req.Method, status)
	}
	if err != nil {
		return nil, c.unreachable(err)
	}
	raw, err := network.ReadWhole(res, most)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if res.StatusCode >= 300 {
		return nil, c.explain(res.StatusCode, raw, k)
	}
	var out Object
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fault.New(fault.Unavailable, "cluster %s answers what cannot be read about %s: %w", c.name, k, err)
	}
	return out, nil
}

func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	const look = "look at it with: kubectl version --context …; a private endpoint answers only inside its network"
	if f := network.Of(err); f != nil {
		f = f.At("server of the cluster in kubeconfig", "certificate-authority of the cluster in kubeconfig")
		return fault.Hint(fault.New(f.Kind, "cluster %s does not answer: %w", c.name, f), "%s; %s", f.Hint, look)
	}
	if text := err.Error(); strings.Contains(text, "getting credentials: ") { // client-go has no type for it
		_, why, _ := strings.Cut(text, "getting credentials: ")
		return fault.Hint(fault.New(fault.Refused, "the program that kubeconfig names gives no login to cluster %s: %s", c.name, why),
			"run it by hand: kubectl version --context … shows its error")
	}
	return fault.Hint(fault.New(fault.Unavailable, "cluster %s does not answer: %w", c.name, err), look)
}

// text is a value deep in an object; "" if it is not there.
func text(o Object, path ...string) string {
	v, _ := deep(o, path...).(string)
	return v
}

func deep(o Object, path ...string) any {
	var v any = o
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}
