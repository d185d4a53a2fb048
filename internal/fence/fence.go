// Package fence stops a process from writing once its lease of an environment
// has ended. The holder of the lease sets the deadline; every connection, file
// and child process that writes for the holder asks it as late as possible.
package fence

import (
	"context"
	"sync"
	"time"

	"falkirk/internal/fault"
)

// Fence is a lease as its own process sees it. It is open until its deadline.
// Once it is closed it stays closed: an expired lease is never renewed.
type Fence struct {
	now    func() time.Duration
	holder string

	mu      sync.Mutex
	until   time.Duration // on the clock of now
	err     error         // why it is closed
	closed  chan struct{}
	changed chan struct{} // closed and replaced when until moves, or the fence closes
}

// New makes a fence that is open until a time on the clock given; nil is
// SinceBoot, the only clock that is right outside of tests. The holder is what
// its errors name first.
func New(now func() time.Duration, until time.Duration, holder string) *Fence {
	if now == nil {
		now = SinceBoot
	}
	return &Fence{now: now, holder: holder, until: until, closed: make(chan struct{}), changed: make(chan struct{})}
}

// Check is nil while the process may write, and says why it may not otherwise.
func (f *Fence) Check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.check()
}

func (f *Fence) check() error {
	if f.err == nil && f.now() >= f.until {
		f.close(fault.New(fault.Locked, "%s: %w: it was not renewed in time", f.holder, ErrLost))
	}
	return f.err
}

// Extend moves the deadline. It does nothing but say so where the fence is
// closed already.
func (f *Fence) Extend(until time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.check(); err != nil {
		return err
	}
	f.until = max(f.until, until)
	close(f.changed)
	f.changed = make(chan struct{})
	return nil
}

// Close closes the fence for good, and gives the error for this cause. Where it
// is closed already, Check goes on to give the first cause.
func (f *Fence) Close(cause string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := fault.New(fault.Locked, "%s: %w %s", f.holder, ErrLost, cause)
	if f.err == nil {
		f.close(err)
	}
	return err
}

func (f *Fence) close(cause error) {
	f.err = cause
	close(f.closed)
	close(f.changed)
	f.changed = make(chan struct{})
}

// Closed is closed when somebody has noticed that the fence is: it is no timer.
func (f *Fence) Closed() <-chan struct{} { return f.closed }

// Deadline is when the fence closes, on the clock of SinceBoot, and a channel
// that is closed when that changes. Every process of this machine reads the
// same clock, so a parent can hand the deadline to its children.
func (f *Fence) Deadline() (until time.Duration, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.changed
	}
	return f.until, f.changed
}

// ErrLost is in every error that says that the environment is no longer held.
var ErrLost = fault.New(fault.Locked, "the lease has ended")

type contextKey struct{}

// With gives a context whose requests and writes are checked by f.
func With(ctx context.Context, f *Fence) context.Context {
	return context.WithValue(ctx, contextKey{}, f)
}

// From is the fence of a context; nil where nothing is held.
func From(ctx context.Context) *Fence {
	f, _ := ctx.Value(contextKey{}).(*Fence)
	return f
}

// Check is asked before every write that no fenced connection makes, such as to
// a file: nil where nothing is held, or while it is.
func Check(ctx context.Context) error {
	if f := From(ctx); f != nil {
		return f.Check()
	}
	return nil
}
