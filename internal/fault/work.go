package fault

import (
	"context"
	"sync/atomic"
)

// Work knows whether a command has changed anything outside of its process, or
// may have.
type Work struct{ begun atomic.Bool }

type workKey struct{}

// Watch gives a context whose writes are noted in the Work.
func Watch(ctx context.Context) (context.Context, *Work) {
	w := &Work{}
	return context.WithValue(ctx, workKey{}, w), w
}

// Unwatched gives a context whose writes are not noted: a record of how a command
// ended is no change of what it was about.
func Unwatched(ctx context.Context) context.Context {
	return context.WithValue(ctx, workKey{}, nil)
}

// Wrote notes that something was changed, or may have been. Code that writes
// outside of this process calls it after each write, unless it is certain that
// the write has changed nothing.
func Wrote(ctx context.Context) {
	if w, ok := ctx.Value(workKey{}).(*Work); ok {
		w.begun.Store(true)
	}
}

// Answered is Wrote for a request over HTTP; status 0 means that no answer came.
// A request that only reads, and one that the service has refused, changes nothing.
func Answered(ctx context.Context, method string, status int) {
	reads := method == "GET" || method == "HEAD" || method == "OPTIONS"
	refused := status >= 300 && status < 500
	if !reads && !refused {
		Wrote(ctx)
	}
}

// Err is the error that a command ends with: that of work that had begun where
// anything was changed.
func (w *Work) Err(err error) error {
	if w.begun.Load() {
		return Begun(err)
	}
	return err
}
