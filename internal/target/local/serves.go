package local

import (
	"context"
	"net/http"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/proxy"
)

// askLimit is how long a place may take to say what it serves.
const askLimit = 10 * time.Second

// Serves asks the address at which a component answers which release it
// serves: the proxy names it in every answer, also in one that says no.
func (t *Target) Serves(ctx context.Context, p delivery.Placement, now delivery.State) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, now.Endpoint.URL, nil)
	if err != nil {
		return "", fault.New(fault.Internal, "%s has no address to ask: %w", p.Component, err)
	}
	// A transport of its own: no proxy of the environment, nothing kept open.
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return "", fault.New(fault.Unavailable, "%s does not answer: %w", now.Endpoint.URL, err)
	}
	return res.Header.Get(proxy.Header), res.Body.Close()
}
