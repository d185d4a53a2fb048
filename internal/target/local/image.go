package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// unpack lays out the image beside the live one.
func (t *Target) unpack(ctx context.Context, s spot) (delivery.Outcome, error) {
	dir := s.version()
	var img Image
	found, err := place.Read(dir.ImageFile(), &img)
	switch {
	case err != nil:
		return delivery.Outcome{}, err
	case found && img.Digest == s.Artifact.Digest && img.Platform == s.platform():
		return delivery.Outcome{Nothing: true}, nil
	case found && img.Digest == s.Artifact.Digest:
		if err := s.discardImage(ctx); err != nil {
			return delivery.Outcome{}, err
		}
	case found:
		err := fault.New(fault.Conflict, "%s is there with other content (%s)", s.Version, img.Digest)
		return delivery.Outcome{}, fault.Hint(err, "prune it, or pack under another version")
	}
	temp := place.Temp(dir.Rootfs())
	if err := discardRootfs(ctx, dir); err != nil {
		return delivery.Outcome{}, err
	}
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return delivery.Outcome{}, err
	}
	img, err = t.opt.Unpack(ctx, s.Artifact.Digest, s.platform(), temp)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if err := process.Furnish(temp); err != nil {
		return delivery.Outcome{}, fmt.Errorf("furnish the image: %w", err)
	}
	if err := fence.Check(ctx); err != nil {
		return delivery.Outcome{}, errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.Rename(temp, dir.Rootfs()); err != nil {
		return delivery.Outcome{}, err
	}
	img.Digest, img.Platform = s.Artifact.Digest, s.platform()
	return delivery.Outcome{}, place.Write(dir.ImageFile(), img, held(ctx))
}

// discardImage takes away the image of a release that is not live, as another
// platform is wanted, after its process has ended.
func (s spot) discardImage(ctx context.Context) error {
	pointer, err := s.dir.Live(s.Component)
	if err == nil && pointer == s.Version {
		err = fault.New(fault.Refused, "%s is live with the image of another platform", s.Version)
	}
	if err == nil {
		err = s.withdraw(ctx)
	}
	if err != nil {
		return err
	}
	return place.Remove(s.version().ImageFile(), held(ctx))
}

// discardRootfs deletes what a killed run left: a whole file system without its
// image.json, or parts of one under temporary names.
func discardRootfs(ctx context.Context, dir place.Version) error {
	err := place.Discard(dir.Rootfs(), held(ctx))
	entries, readErr := os.ReadDir(string(dir))
	if readErr != nil && !errors.Is(readErr, os.ErrNotExist) {
		return errors.Join(err, readErr)
	}
	for _, e := range entries {
		if e.IsDir() && place.IsTemp(e.Name()) {
			err = errors.Join(err, place.Discard(dir.File(e.Name()), held(ctx)))
		}
	}
	return err
}

// start says that the release is wanted, and waits until its process is
// healthy beside the live one.
func (t *Target) start(ctx context.Context, s spot) (delivery.Outcome, error) {
	var img Image
	found, err := place.Read(s.version().ImageFile(), &img)
	if err == nil && !found {
		err = fault.New(fault.Refused, "the image is not unpacked")
	}
	if err != nil {
		return delivery.Outcome{}, err
	}
	w, err := s.wanted(img)
	if err != nil {
		return delivery.Outcome{}, err
	}
	st, err := s.client.Status(ctx)
	if errors.Is(err, supervisor.ErrDown) {
		return delivery.Outcome{}, noSupervisor()
	}
	if err != nil {
		return delivery.Outcome{}, err
	}
	same, live, err := s.compareWish(w, st)
	if err != nil {
		return delivery.Outcome{}, err
	}
	now, _ := st.Find(s.Component, s.Version)
	if same && !now.Lost {
		if err := s.withdrawNext(ctx); err != nil {
			return delivery.Outcome{}, err
		}
	}
	if now.Ready && same && !now.Lost {
		return delivery.Outcome{Nothing: true}, nil
	}
	if live && now.Ready {
		return s.replace(ctx, w)
	}
	if !live || !same || now.Lost {
		if !same || now.Failures > 0 || now.Lost {
			if err := s.withdraw(ctx); err != nil {
				return delivery.Outcome{}, err
			}
		}
		if err := place.Write(s.version().WantedFile(), w, held(ctx)); err != nil {
			return delivery.Outcome{}, err
		}
	}
	return delivery.Outcome{}, s.awaitHealth(ctx, w, live)
}

// compareWish reports whether the files ask for the same already, and whether
// the release is live: then it is replaced without an interruption.
func (s spot) compareWish(w place.Wanted, st supervisor.Status) (same, live bool, err error) {
	var old json.RawMessage
	if _, err = place.Read(s.version().WantedFile(), &old); err != nil {
		return false, false, err
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return false, false, err
	}
	pointer, err := s.dir.Live(s.Component)
	live = old != nil && (pointer == s.Version || st.Component(s.Component).Served == s.Version)
	return bytes.Equal(old, raw), live, err
}

// awaitHealth waits for the process. One that ends again and again is not
// waited for, unless it is live and the supervisor keeps at it.
func (s spot) awaitHealth(ctx context.Context, w place.Wanted, patient bool) error {
	const tries = 3
	var last supervisor.Release
	err := s.await(ctx, w.Process.HealthTimeout, func(st supervisor.Status) (bool, error) {
		last, _ = st.Find(s.Component, s.Version)
		if last.Failures >= tries && !patient {
			return false, fmt.Errorf("the process has ended %s", fault.Count(last.Failures, "time", "times"))
		}
		return last.Ready, nil
	})
	if errors.Is(err, errTooLong) {
		err = fmt.Errorf("not healthy after %s: %s", w.Process.HealthTimeout, orElse(last.Error, "no process"))
	} else if err == nil || last.Failures < tries {
		return err
	}
	if tail := process.Tail(s.version().LogFile(), 10); tail != "" {
		err = fmt.Errorf("%w\nits last lines:\n%s", err, tail)
	}
	return fault.Hint(err, "falkirk logs shows all that it wrote")
}

// withdraw takes the wish away and waits until the process is gone.
func (s spot) withdraw(ctx context.Context) error {
	dir := s.version()
	var w place.Wanted
	if _, err := place.Read(dir.WantedFile(), &w); err != nil {
		return err
	}
	if err := errors.Join(place.Remove(dir.WantedFile(), held(ctx)), place.Remove(dir.Next().WantedFile(), held(ctx))); err != nil {
		return err
	}
	limit := w.Drain + 30*time.Second
	if w.Process != nil {
		limit += w.Process.Stop
	}
	err := s.await(ctx, limit, func(st supervisor.Status) (bool, error) {
		_, there := st.Find(s.Component, s.Version)
		return !there, nil
	})
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	// Without a supervisor, or where it had not noted the process yet.
	return errors.Join(supervisor.End(ctx, dir, w), supervisor.End(ctx, dir.Next(), w))
}
