package supervisor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/proxy"
)

// unit is one release that is wanted: its route and, for an image, its process.
type unit struct {
	raw     []byte // of the wish, to see a change
	wanted  place.Wanted
	place   place.Dir
	dir     place.Version // guarded by mu; it changes once, where the unit was a next one
	release *proxy.Release
	backend *proxy.Backend // nil for a site
	self    []string
	now     func() time.Time
	log     *slog.Logger
	born    time.Time

	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	rec    process.Record
	status Release
	// replaced says that another unit of the version has taken over its files, and
	// shared that it has the same process.
	replaced, shared bool
}

func (s *Supervisor) newUnit(ctx context.Context, dir place.Version, raw []byte, w place.Wanted) (*unit, error) {
	u := &unit{
		raw: bytes.Clone(raw), wanted: w, place: s.dir, dir: dir, self: s.self, now: s.now,
		log: s.log.With("component", w.Component, "version", w.Version), born: s.now(), done: make(chan struct{}),
	}
	u.release = &proxy.Release{Component: w.Component, Version: w.Version, Prefix: w.Path}
	u.status = Release{Version: w.Version, Kind: "image", Since: u.born}
	ctx, u.cancel = context.WithCancel(ctx)
	if w.Process == nil {
		close(u.done)
		u.cancel()
		return u, u.layOut()
	}
	u.backend = proxy.NewBackend(w.Path, w.Strip, u.log)
	u.release.Serve = u.backend
	first, err := process.Recorded(dir)
	if err != nil {
		u.cancel()
		return nil, err
	}
	if first.IsAlive() {
		u.has(first)
	}
	go u.run(ctx)
	return u, nil
}

// has notes a process that runs, and sends the requests to it.
func (u *unit) has(r process.Record) {
	u.backend.Point(r.Port)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rec, u.status.Lost = r, r.Lost
	u.status.PID, u.status.Port, u.status.Since = r.PID, r.Port, r.Since
}

func (u *unit) report() Release {
	u.mu.Lock()
	r := u.status
	u.mu.Unlock()
	r.InFlight = u.release.InFlight()
	return r
}

func (u *unit) set(change func(*Release)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(&u.status)
}

// run keeps the process alive until ctx ends, which leaves it running.
func (u *unit) run(ctx context.Context) {
	defer close(u.done)
	wait := 100 * time.Millisecond
	for ctx.Err() == nil {
		r, ended, err := u.start()
		if err != nil {
			u.set(func(s *Release) { s.Error = err.Error(); s.Failures++ })
		} else if u.watch(ctx, r, ended) {
			wait = 100 * time.Millisecond
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			u.sweep(r)
		}
		if !sleep(ctx, wait) {
			return
		}
		wait = min(2*wait, 30*time.Second)
		u.set(func(s *Release) { s.Restarts++ })
	}
}

// sweep ends what a process that has ended has left running, and says so in the
// log of the release.
func (u *unit) sweep(r process.Record) {
	left, err := process.Sweep(r, u.folder())
	if len(left) > 0 {
		u.log.Warn("processes were left and are stopped", "processes", guard.Names(left))
		err = errors.Join(err, process.Say(u.folder().LogFile(), "the process ended and left these processes running, which were stopped: "+
			guard.Names(left)+"; a service must stay in the foreground"))
	}
	if err != nil {
		u.log.Warn("end what the process has left", "error", err)
	}
}

// start finds the process that runs already, or starts one.
func (u *unit) start() (process.Record, <-chan struct{}, error) {
	old, err := process.Recorded(u.folder())
	if err != nil {
		return process.Record{}, nil, err
	}
	if old.IsAlive() {
		u.has(old)
		u.log.Info("found again", "pid", old.PID, "port", old.Port)
		return old, nil, nil
	}
	// Where there was no file none is removed: a process that a killed supervisor
	// has started may write its own just now.
	if old.PID != 0 {
		if err := place.Remove(u.folder().ProcessFile()); err != nil {
			return process.Record{}, nil, err
		}
	}
	port, err := process.FreePort()
	if err != nil {
		return process.Record{}, nil, err
	}
	args := append(append([]string{}, running(u.self)...), "exec", string(u.place), string(u.folder()), strconv.Itoa(port))
	cmd, err := process.Detached(args, u.folder().LogFile(), process.Handed{})
	if err != nil {
		return process.Record{}, nil, fmt.Errorf("start process: %w", err)
	}
	r, _ := process.Of(cmd.Process.Pid, port, u.now())
	u.has(r)
	u.log.Info("started", "pid", r.PID, "port", port)
	return r, reap(cmd), nil
}

// reap waits for a child; the goroutine ends with the child.
func reap(cmd *exec.Cmd) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in its log; that it ended is what counts
	}()
	return ended
}

// watch asks the process for its health until it ends or ctx does; true when
// it had been healthy.
func (u *unit) watch(ctx context.Context, r process.Record, ended <-chan struct{}) bool {
	healthy, misses := false, 0
	for {
		if ended == nil && !r.IsAlive() || isClosed(ended) {
			u.ended(r, healthy)
			return healthy
		}
		err := u.probe(ctx, r.Port)
		if err == nil && !healthy {
			err = process.Listens(r, u.folder())
		}
		if ctx.Err() != nil {
			return healthy
		}
		every := 20 * time.Millisecond
		if err == nil {
			healthy, misses = true, 0
		} else {
			misses++
		}
		if healthy {
			every = 2 * time.Second
		}
		u.note(err, healthy && misses < maxMisses)
		if !pause(ctx, every, r, ended) {
			return healthy
		}
	}
}

// maxMisses is how often in a row a healthy process may not answer before it
// is called unhealthy; it is not stopped for that.
const maxMisses = 3

func (u *unit) note(err error, ready bool) {
	u.set(func(s *Release) {
		s.Ready, s.Error = ready, ""
		if err == nil {
			s.Failures = 0
		} else if !ready {
			s.Error = err.Error()
		}
	})
}

// pause waits, but no longer than the process lives; false when ctx ended. One
// that is not a child of this supervisor has to be looked at.
func pause(ctx context.Context, d time.Duration, r process.Record, ended <-chan struct{}) bool {
	end := time.NewTimer(d)
	defer end.Stop()
	var look <-chan time.Time
	if ended == nil {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		look = tick.C
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ended:
			return true
		case <-end.C:
			return true
		case <-look:
			if !r.IsAlive() {
				return true
			}
		}
	}
}

func (u *unit) ended(r process.Record, healthy bool) {
	u.log.Warn("process ended", "pid", r.PID, "healthy", healthy)
	u.set(func(s *Release) {
		s.Ready, s.PID, s.Error = false, 0, "the process has ended"
		if !healthy {
			s.Failures++
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return c != nil
	default:
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
