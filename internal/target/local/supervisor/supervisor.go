package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/proxy"
)

// Supervisor keeps one place running.
type Supervisor struct {
	dir   place.Dir
	id    place.Identity
	self  []string
	now   func() time.Time
	log   *slog.Logger
	proxy *proxy.Proxy
	front *proxy.Server

	anchor  anchor
	out     *output
	contact Contact // how this supervisor is reached

	once     sync.Mutex // one reconciliation at a time
	ending   bool       // guarded by once: nothing is started any more
	lock     *os.File   // guarded by once
	told     bool       // that the folder is lost
	mu       sync.Mutex
	units    map[string]*unit // by component and version
	next     map[string]*unit // that replace those units as soon as they are ready
	leaving  map[*unit]bool
	broken   map[place.Version]string // why a wish cannot be followed
	served   map[string]string        // version by component
	port     int
	portErr  string
	listener net.Listener
	work     sync.WaitGroup // units that leave
	quit     chan struct{}
	quitOnce sync.Once
}

// Run supervises a place until it is told to end, the folder of the app is
// deleted, or ctx ends, which leaves the processes running for the next
// supervisor. Where the place's folder alone is deleted it goes on with what runs,
// until a command asks it to write the files again. It returns nil at once when
// another one supervises the place.
func Run(ctx context.Context, dir place.Dir, app string, self []string) error {
	lock, err := own(ctx, dir)
	if err != nil || lock == nil {
		return err
	}
	var id place.Identity
	if _, err := place.Read(dir.IdentityFile(), &id); err != nil {
		return err
	}
	out := &output{to: os.Stderr}
	log := slog.New(slog.NewTextHandler(out, nil))
	s := &Supervisor{
		dir: dir, id: id, anchor: openAnchor(app), out: out, lock: lock, self: self, now: time.Now, log: log,
		proxy: proxy.New(id.Place.String() + " of " + id.App),
		units: map[string]*unit{}, next: map[string]*unit{}, leaving: map[*unit]bool{}, broken: map[place.Version]string{},
		served: map[string]string{}, quit: make(chan struct{}),
	}
	s.front = proxy.NewServer(s.proxy, log)
	s.endOrphans()
	return s.serve(ctx)
}

// own takes the place's lock; nil when another supervisor has it and is there.
// One that was killed may hold it a moment longer.
func own(ctx context.Context, dir place.Dir) (*os.File, error) {
	for range 100 {
		lock, mine, err := process.Lock(dir.LockFile())
		if err != nil || mine {
			return lock, err
		}
		if _, err := (Client{Dir: dir}).contact(); err == nil {
			return nil, nil
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	return nil, errors.New("another process holds " + dir.LockFile())
}

func (s *Supervisor) serve(ctx context.Context) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	s.reconcile(life, true)
	control, err := s.listenControl(life)
	if err != nil {
		return err
	}
	s.log.Info("supervising", "pid", os.Getpid(), "port", s.port)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = s.front.Close() // the processes go on; their next supervisor serves them
			s.rest()
			return control.Close()
		case <-s.quit:
			s.log.Info("ending")
			return s.end(ctx, control)
		case <-tick.C:
			if s.isGone() {
				if s.stay(life) {
					continue
				}
				return s.end(ctx, control)
			}
			s.reconcile(life, false)
			s.turnLogs()
		}
	}
}

// end stops serving. The answer to the one who asked for the end is finished.
func (s *Supervisor) end(ctx context.Context, control *http.Server) error {
	_ = s.front.Close() // nothing is routed any more
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := control.Shutdown(ctx)
	s.work.Wait()
	return err
}

// rest waits until no unit looks after its process any more.
func (s *Supervisor) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range []map[string]*unit{s.units, s.next} {
		for _, u := range set {
			u.cancel()
			<-u.done
		}
	}
}

// isGone reports whether the place's folder was deleted, or made by
// another supervisor.
func (s *Supervisor) isGone() bool {
	s.once.Lock()
	defer s.once.Unlock()
	mine, err := s.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(s.dir.LockFile())
	return os.IsNotExist(err) || err == nil && !os.SameFile(mine, there)
}

func (s *Supervisor) turnLogs() {
	logs := []string{s.dir.SupervisorLog()}
	s.mu.Lock()
	for _, u := range s.units {
		logs = append(logs, u.folder().LogFile())
	}
	s.mu.Unlock()
	for _, path := range logs {
		if err := process.TurnLog(path, process.LogLimit); err != nil {
			s.log.Warn("turn log", "path", path, "error", err)
		}
	}
}
