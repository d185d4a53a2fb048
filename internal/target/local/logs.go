package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Logs writes what the process of a version has written, the older part
// first; with follow it goes on until ctx ends. Without a version it is the
// live one.
func (t *Target) Logs(ctx context.Context, p delivery.Placement, version string, follow bool, w io.Writer) error {
	s, err := t.spot(p)
	if err != nil {
		return err
	}
	if version == "" {
		if version, err = s.dir.Live(p.Component); err != nil {
			return err
		}
	}
	if version == "" {
		err := fault.New(fault.NotFound, "nothing of %s is live in %s", p.Component, p.Place)
		return fault.Hint(err, "name a release with --release; falkirk releases lists them")
	}
	path := s.dir.Version(p.Component, version).LogFile()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		err := fault.New(fault.NotFound, "%s %s has no log in %s: only processes write one", p.Component, version, p.Place)
		return fault.Hint(err, "falkirk local ps %s lists the processes", p.Place.Environment)
	}
	if _, err := tail(path+".1", 0, w); err != nil {
		return err
	}
	at, err := tail(path, 0, w)
	if err != nil || !follow {
		return err
	}
	return followLog(ctx, path, at, w)
}

func followLog(ctx context.Context, path string, at int64, w io.Writer) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil // whoever follows ends it this way
		case <-tick.C:
		}
		if info, err := os.Stat(path); err == nil && info.Size() < at {
			at = 0 // the log was turned over
		}
		var err error
		if at, err = tail(path, at, w); err != nil {
			return err
		}
	}
}

// tail copies a file from an offset, and says where it ended. A file that is
// not there is empty.
func tail(path string, from int64, w io.Writer) (int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return from, fmt.Errorf("read log: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return from, fmt.Errorf("read log: %w", err)
	}
	n, err := io.Copy(w, f)
	return from + n, err
}
