// Package proxy routes the requests of one place to releases by path prefix,
// and switches between releases without losing a request. It starts no process
// and reads no intent.
package proxy

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Header names the release: in an answer the one that gave it, in a request
// the one that is asked for.
const Header = "Falkirk-Release"

// Release is one version of one component that requests can go to.
type Release struct {
	Component string
	Version   string
	Prefix    string // "/" or "/api", without a slash at the end
	Serve     http.Handler
	Files     *Files // of a site, else nil

	// inFlight counts the requests being answered; closed means that no more
	// may begin.
	inFlight atomic.Int64
}

const closed = -1 << 40

// InFlight is the number of requests being answered, upgraded connections
// included.
func (r *Release) InFlight() int64 { return max(0, r.inFlight.Load()) }

// enter counts a request in; false when the release has been closed, and
// then the table has changed.
func (r *Release) enter() bool {
	for {
		n := r.inFlight.Load()
		if n < 0 {
			return false
		}
		if r.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (r *Release) leave() { r.inFlight.Add(-1) }

// Drain waits until no request is in flight, at most for limit, and lets no
// more begin. The release must be in no table any more. It reports how many
// were cut.
func (r *Release) Drain(ctx context.Context, limit time.Duration) int64 {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !r.inFlight.CompareAndSwap(0, closed) {
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		case <-end.C:
		}
		return max(0, r.inFlight.Add(closed)-closed)
	}
	return 0
}
