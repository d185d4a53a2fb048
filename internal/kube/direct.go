package kube

import (
	"context"
	"net/http"

	"k8s.io/client-go/rest"
)

// Token gives what a request shows to the cluster.
type Token func(ctx context.Context) (string, error)

// Direct is the configuration for a cluster that kubeconfig does not have, by
// its address, the certificate of who signs for it, and a token for each
// request.
func Direct(endpoint string, ca []byte, token Token) *rest.Config {
	return &rest.Config{
		Host:            endpoint,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return bearer{next, token}
		},
	}
}

type bearer struct {
	next  http.RoundTripper
	token Token
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := b.token(req.Context())
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return b.next.RoundTrip(req)
}
