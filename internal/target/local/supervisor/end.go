package supervisor

import (
	"context"
	"fmt"
	"time"

	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
)

// folder is where the unit's files are.
func (u *unit) folder() place.Version {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dir
}

// settle makes the files of a next unit those of the version. The process comes
// first: a supervisor that was killed in between finds the next wish and goes on.
func (u *unit) settle() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	own := u.dir.Own()
	if u.backend != nil {
		err := place.Write(own.ProcessFile(), u.rec)
		if err == nil {
			err = place.Remove(u.dir.ProcessFile())
		}
		if err != nil {
			return err
		}
	}
	if err := place.Rename(u.dir.WantedFile(), own.WantedFile()); err != nil {
		return err
	}
	u.dir = own
	return nil
}

// stop drains the release, then ends its process. The release must be in no
// table any more.
func (u *unit) stop(ctx context.Context, drain bool) error {
	u.set(func(s *Release) { s.Leaving = true })
	limit := time.Duration(0)
	if drain {
		limit = u.wanted.Drain
	}
	if cut := u.release.Drain(ctx, limit); cut > 0 {
		u.log.Info("cut at the end of the drain time", "requests", cut)
	}
	u.cancel()
	<-u.done
	if u.backend == nil {
		return nil
	}
	u.backend.Close()
	if u.shared {
		return nil
	}
	// Its file may be gone with the place, or not be written yet.
	if err := process.Stop(ctx, u.rec, u.folder(), u.wanted.Process.Stop); err != nil {
		return fmt.Errorf("stop process %d: %w", u.rec.PID, err)
	}
	if u.replaced {
		return nil // its files are those of another process now
	}
	return End(ctx, u.folder(), u.wanted)
}

// End ends the process of a version by its file, whoever started it.
func End(ctx context.Context, dir place.Version, w place.Wanted) error {
	r, err := process.Recorded(dir)
	if err != nil {
		return err
	}
	grace := 5 * time.Second
	if w.Process != nil {
		grace = w.Process.Stop
	}
	if err := process.Stop(ctx, r, dir, grace); err != nil {
		return fmt.Errorf("stop process %d: %w", r.PID, err)
	}
	return place.Remove(dir.ProcessFile())
}
