package ui

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"syscall"

	"falkirk/internal/fault"
)

// readers is where a command's output goes. Once somebody who read it has left,
// as `head` does, the command is asked to stop as by an interrupt; any other
// failure to write is kept until the end, so that a result that nobody got is
// no success.
type readers struct {
	Stop context.CancelFunc
	mu   sync.Mutex
	err  error // the first failure to write
}

// outlet is one stream of a command.
type outlet struct {
	to   io.Writer
	seen *readers
}

// Write writes through.
func (o outlet) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		o.seen.Failed(err)
	}
	return n, err
}

// Failed keeps the first failure to write.
func (r *readers) Failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	if gone(err) {
		r.Stop()
	}
}

// gone reports whether the reader has left. The two numbers are what Windows
// says for it: ERROR_BROKEN_PIPE and ERROR_NO_DATA.
func gone(err error) bool {
	var errno syscall.Errno
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) ||
		(errors.As(err, &errno) && runtime.GOOS == "windows" && (errno == 109 || errno == 232))
}

// Watch lets the end of a stream's reader end the context. What is drawn on a
// terminal needs the file itself, and a terminal that closes hangs up.
func (f *Face) Watch(ctx context.Context) context.Context {
	ctx, stop := context.WithCancel(ctx)
	f.Readers = &readers{Stop: stop}
	f.Out = outlet{f.Out, f.Readers}
	if !f.Terminal {
		f.Err = outlet{f.Err, f.Readers}
	}
	return ctx
}

// Lost is what is to be said of a command whose output did not arrive: nil, an
// interruption when the reader left, else the failure.
func (r *readers) Lost() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err == nil:
		return nil
	case gone(r.err):
		return fault.New(fault.Interrupted, "nobody reads the output any more")
	}
	return fault.New(fault.Internal, "write the output: %w", r.err)
}
