package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
)

// anchor is the folder of the app. While it is there, a deleted state folder is a
// loss and what runs goes on; without it the app itself was deleted. It stays open,
// so that no other folder is taken for it.
type anchor struct {
	path string
	file *os.File
}

func openAnchor(path string) anchor {
	if path == "" {
		return anchor{}
	}
	file, err := os.Open(path)
	if err != nil {
		return anchor{}
	}
	return anchor{path, file}
}

func (a anchor) isThere() bool {
	if a.file == nil {
		return false
	}
	mine, err := a.file.Stat()
	there, otherErr := os.Stat(a.path)
	return err == nil && otherErr == nil && os.SameFile(mine, there)
}

// isLost reports whether the place's folder was deleted while the app's is there.
func (s *Supervisor) isLost() bool {
	_, err := os.Stat(s.dir.LockFile())
	return errors.Is(err, os.ErrNotExist) && s.anchor.isThere()
}

// restore writes the files of a place whose folder was deleted again, as far as
// the supervisor knows them: what is wanted, live and running. The images and the
// files of sites come from the store, by provision.
func (s *Supervisor) restore() error {
	s.once.Lock()
	defer s.once.Unlock()
	if s.ending || !s.isLost() {
		return nil
	}
	if err := os.MkdirAll(string(s.dir), 0o755); err != nil {
		return err
	}
	lock, mine, err := process.Lock(s.dir.LockFile())
	if err == nil && !mine {
		err = fault.New(fault.Conflict, "another process holds %s", s.dir.LockFile())
	}
	if err != nil {
		return err
	}
	_ = s.lock.Close() // of the deleted file
	s.lock = lock
	if out, err := os.OpenFile(s.dir.SupervisorLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
		s.out.turn(out)
	}
	s.log.Info("the state folder was deleted; its files are written again")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := place.Write(s.dir.IdentityFile(), s.id); err != nil {
		return err
	}
	for _, u := range s.units {
		if err := u.record(); err != nil {
			return fmt.Errorf("record %s %s: %w", u.wanted.Component, u.wanted.Version, err)
		}
	}
	for component, version := range s.served {
		if err := place.Write(s.dir.LiveFile(component), place.Pointer{Version: version}); err != nil {
			return err
		}
	}
	if s.port != 0 {
		if err := place.Write(s.dir.PortFile(), place.Port{Port: s.port}); err != nil {
			return err
		}
	}
	return place.Write(s.dir.SupervisorFile(), s.contact)
}

// endOrphans ends the processes of the place that are recorded nowhere: their
// supervisor was killed and then the files were deleted.
func (s *Supervisor) endOrphans() {
	met, err := process.EndOrphans(filepath.Dir(string(s.dir)), filepath.Base(string(s.dir)))
	if len(met) > 0 {
		s.log.Warn("ended processes of a state folder that was deleted", "processes", process.Names(met))
	}
	if err != nil {
		s.log.Warn("end processes of a state folder that was deleted", "error", err)
	}
}

// record writes what is wanted of a unit, and its process: that one first, so that
// no second one is ever started.
func (u *unit) record() error {
	if err := os.MkdirAll(string(u.dir), 0o755); err != nil {
		return err
	}
	u.mu.Lock()
	r := u.rec
	r.Lost = true
	u.rec.Lost, u.status.Lost = r.Lost, u.backend != nil
	u.mu.Unlock()
	if r.IsAlive() {
		if err := place.Write(u.dir.ProcessFile(), r); err != nil {
			return err
		}
	}
	return place.Write(u.dir.WantedFile(), json.RawMessage(u.raw))
}

// output is where the log of a supervisor goes; its file can be replaced.
type output struct {
	mu sync.Mutex
	to io.Writer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

func (o *output) turn(to io.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
}

// stay is asked each second while the files are not the supervisor's. It reports
// whether the supervisor goes on.
func (s *Supervisor) stay(ctx context.Context) bool {
	if s.isLost() {
		if !s.told {
			s.told = true
			s.log.Warn("the state folder was deleted; what runs goes on until a command needs the place", "folder", filepath.Clean(string(s.dir)))
		}
		return true
	}
	s.log.Info("the place was deleted")
	s.stopAll(ctx, false)
	return false
}
