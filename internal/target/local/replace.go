package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// replace has the live release run with other settings, or from files that are
// there again: the supervisor starts it beside the one that runs and sends the
// requests to it as soon as it is healthy. Until then, and where it does not become
// healthy, everything stays as it is.
func (s spot) replace(ctx context.Context, w place.Wanted) (delivery.Outcome, error) {
	next := s.version().Next()
	if err := os.MkdirAll(string(next), 0o755); err != nil {
		return delivery.Outcome{}, err
	}
	if err := place.Write(next.WantedFile(), w, held(ctx)); err != nil {
		return delivery.Outcome{}, err
	}
	limit := 30 * time.Second
	if w.Process != nil {
		limit = w.Process.HealthTimeout
	}
	const tries = 3
	var last supervisor.Release
	err := s.await(ctx, limit, func(st supervisor.Status) (bool, error) {
		if _, err := os.Stat(next.WantedFile()); errors.Is(err, fs.ErrNotExist) {
			return true, nil // the supervisor has made it the wish of the version
		}
		if last, _ = st.FindNext(s.Component, s.Version); last.Failures >= tries {
			return false, fmt.Errorf("the process has ended %s", fault.Count(last.Failures, "time", "times"))
		}
		return false, nil
	})
	if errors.Is(err, errTooLong) {
		err = fmt.Errorf("not healthy after %s: %s", limit, orElse(last.Error, "no process"))
	} else if err == nil || last.Failures < tries {
		return delivery.Outcome{}, err
	}
	err = fmt.Errorf("%w; %s goes on as it was", err, s.Version)
	if tail := process.Tail(s.version().LogFile(), 10); tail != "" {
		err = fmt.Errorf("%w\nits last lines:\n%s", err, tail)
	}
	err = fault.Hint(err, "falkirk logs shows all that it wrote")
	return delivery.Outcome{}, errors.Join(err, s.withdrawNext(ctx))
}

// withdrawNext takes back what was to replace the release, as after a replacement
// that was interrupted, and waits until its process is gone.
func (s spot) withdrawNext(ctx context.Context) error {
	next := s.version().Next()
	var w place.Wanted
	if found, err := place.Read(next.WantedFile(), &w); err != nil || !found {
		return err
	}
	if err := place.Remove(next.WantedFile(), held(ctx)); err != nil {
		return err
	}
	err := s.await(ctx, 30*time.Second+w.Drain, func(st supervisor.Status) (bool, error) {
		_, there := st.FindNext(s.Component, s.Version)
		return !there, nil
	})
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	return supervisor.End(ctx, next, w)
}
