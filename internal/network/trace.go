package network

import (
	"context"
	"errors"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// trace tells what one request waits for until its answer is complete up to the body,
// and gives up a connection that is not made within longestDial.
type trace struct {
	named
	ctx    context.Context
	cancel context.CancelCauseFunc
	wait   *Wait
	target *url.URL // nil where it is not known
	whole  time.Duration

	mu    sync.Mutex
	host  string // where it connects to: the proxy, if there is one
	stage stage
	timer *time.Timer
}

// stage is how far a connection is.
type stage int

const (
	dialing stage = iota
	dialed        // a proxy is asked for the server
	inTLS
)

// Trace gives a context whose request tells, through a wait, what it waits for, and
// is given up when no connection is made. Patient does so by itself. The function is
// for the end of the request without its body, and gives its error with the cause. The
// context given must end: the body is read under the one that is returned.
func Trace(ctx context.Context, w *Wait) (context.Context, func(error) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	t := &trace{ctx: ctx, cancel: cancel, wait: w, whole: defaultWhole}
	t.named, _ = ctx.Value(namedKey{}).(named)
	return t.with(ctx), func(err error) error {
		t.end()
		var slow *Stalled
		if err != nil && errors.As(context.Cause(ctx), &slow) {
			return slow
		}
		return err
	}
}

func (t *trace) with(ctx context.Context) context.Context {
	what := t.prefix()
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:           func(at string) { t.begin(what, at) },
		ConnectDone:       func(_, _ string, err error) { t.reach(dialed, err) },
		TLSHandshakeStart: func() { t.reach(inTLS, nil) },
		GotConn: func(httptrace.GotConnInfo) {
			t.end()
			t.wait.Connected()
		},
		WroteRequest: func(sent httptrace.WroteRequestInfo) {
			if sent.Err == nil && !t.keepAlive { // such a request often takes long
				t.wait.Waiting(what+"no answer from "+t.at()+" yet", soonest(t.ctx, time.Now().Add(t.whole)))
			}
		},
		// After its first byte, an answer is not there yet: its header may drip.
	})
}

// begin notes that a connection is asked for.
func (t *trace) begin(what, at string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.host, t.stage = at, dialing
	if t.timer != nil {
		t.timer.Stop()
	}
	t.timer = time.AfterFunc(longestDial, func() { t.cancel(t.stalled()) })
	text := "connecting to " + at
	if t.isProxied() {
		text = "connecting to " + t.target.Host + " through the proxy " + at
	}
	t.wait.Connecting(what+text, soonest(t.ctx, time.Now().Add(longestDial)))
}

// reach notes how far the connection is.
func (t *trace) reach(s stage, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && s > t.stage {
		t.stage = s
	}
}

// end notes that the connection is there, or is not needed any more.
func (t *trace) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
}

// at is the server, for the user.
func (t *trace) at() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.target != nil {
		return t.target.Host
	}
	return t.host
}

// isProxied reports whether the connection is to a proxy.
func (t *trace) isProxied() bool {
	if t.target == nil {
		return false
	}
	port := t.target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[t.target.Scheme]
	}
	return t.host != t.target.Host && t.host != t.target.Host+":"+port
}

// stalled says which part of the connection does not come.
func (t *trace) stalled() *Stalled {
	t.mu.Lock()
	defer t.mu.Unlock()
	server, at := t.host, "the server"
	if t.target != nil {
		server, at = t.target.Host, t.target.Host
	}
	switch {
	case t.stage == dialing && t.isProxied():
		return &Stalled{text: "the proxy for " + server + " cannot be reached: " + t.host + " does not answer: timeout", hint: checkProxy}
	case t.stage == dialing:
		return &Stalled{text: t.host + " does not answer: timeout", hint: noPackets + t.host + " get no answer"}
	case t.stage == dialed: // without a proxy, TLS begins at once
		return &Stalled{text: "the proxy " + t.host + " makes no connection to " + at + " within " + longestDial.String(), hint: checkProxy}
	}
	return &Stalled{text: server + " accepts the connection, and makes no TLS connection within " + longestDial.String(), hint: checkAddress}
}
