package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// Up has the supervisors run again, after a reboot or Down, and waits until
// everything that is live answers. It starts nothing that the app file does not have.
func (t *Target) Up(ctx context.Context, app string, scope delivery.Scope, has func(p delivery.Place, component string) bool) error {
	all, err := t.places(ctx, app, scope)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range all {
		if !has(f.id.Place, "") {
			continue
		}
		starts := func(component string) bool { return scope.Covers(f.id.Place, component) && has(f.id.Place, component) }
		if err := t.up(ctx, f, starts); err != nil {
			failed = append(failed, fmt.Errorf("bring up %s: %w", f.id.Place, err))
		}
	}
	return errors.Join(failed...)
}

func (t *Target) up(ctx context.Context, f found, starts func(component string) bool) error {
	if len(f.orphans) > 0 && !f.hasFolder() {
		err := fault.New(fault.Refused, "the state folder was deleted, so what is to be live is not known; still running: %s", process.Names(f.orphans))
		return fault.Hint(err, "falkirk provision VERSION --to %s stops them and starts the release again; falkirk local down %s stops them only", f.id.Place.Environment, f.id.Place)
	}
	if err := t.choose(ctx, f, starts); err != nil {
		return err
	}
	s := f.spot()
	if _, err := t.supervise(ctx, s); err != nil {
		return err
	}
	last, component := "nothing answers", "COMPONENT"
	err := s.await(ctx, time.Minute, func(st supervisor.Status) (bool, error) {
		for _, c := range st.Components {
			if r, ok := st.Find(c.Name, c.Served); c.Served != "" && ok && !r.Ready {
				component = c.Name
				last = fmt.Sprintf("%s %s: %s", c.Name, c.Served, r.Error)
				return false, nil
			}
		}
		return true, nil
	})
	if errors.Is(err, errTooLong) {
		err := fault.New(fault.Unavailable, "%s", last)
		return fault.Hint(err, "falkirk logs %s %s shows what it prints", f.id.Place.Environment, component)
	}
	return err
}

// choose writes down which components start. Where a supervisor runs, the others go
// on as they are; where none does, they stay down.
func (t *Target) choose(ctx context.Context, f found, starts func(component string) bool) error {
	_, err := supervisor.Client{Dir: f.dir}.Status(ctx)
	isDown := errors.Is(err, supervisor.ErrDown)
	if err != nil && !isDown {
		return err
	}
	components, err := f.dir.Components()
	if err != nil {
		return err
	}
	for _, c := range components {
		switch {
		case starts(c):
			err = place.Remove(f.dir.ComponentDownFile(c))
		case isDown:
			err = t.markDown(f.dir.ComponentDownFile(c))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) markDown(file string) error {
	return place.Write(file, map[string]time.Time{"at": t.opt.Now()})
}

// Down drains and stops the processes of a scope, and the supervisors of whole places;
// the releases stay provisioned, and Up brings them back.
func (t *Target) Down(ctx context.Context, app string, scope delivery.Scope) error {
	all, err := t.places(ctx, app, scope)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range all {
		if err := t.down(ctx, f, scope.Component); err != nil {
			failed = append(failed, fmt.Errorf("take down %s: %w", f.id.Place, err))
		}
	}
	return errors.Join(failed...)
}

// down takes one place down, or one component in it. A place whose folder was deleted
// is adopted first, so that it keeps its port and what is live.
func (t *Target) down(ctx context.Context, f found, component string) error {
	if component != "" && len(f.orphans) > 0 && !f.hasFolder() {
		err := fault.New(fault.Refused, "the state folder was deleted, so its processes can only be stopped together: %s", process.Names(f.orphans))
		return fault.Hint(err, "falkirk local down %s", f.id.Place)
	}
	if _, err := t.recover(ctx, f.spot()); err != nil || !f.hasFolder() {
		return err
	}
	if component != "" {
		return t.downComponent(ctx, f, component)
	}
	if err := t.markDown(f.dir.DownFile()); err != nil {
		return err
	}
	err := supervisor.Client{Dir: f.dir}.End(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	return each(f.dir, func(component, version string) error { return endLeft(ctx, f.dir, component, version) })
}

func (t *Target) downComponent(ctx context.Context, f found, component string) error {
	all, err := f.dir.Components()
	if err != nil || !slices.Contains(all, component) {
		return err
	}
	if err := t.markDown(f.dir.ComponentDownFile(component)); err != nil {
		return err
	}
	if _, err := (supervisor.Client{Dir: f.dir}).Status(ctx); err == nil {
		err = f.spot().await(ctx, 10*time.Minute, func(st supervisor.Status) (bool, error) {
			return len(st.Component(component).Releases) == 0, nil
		})
		if err != nil {
			return err
		}
	} else if !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	versions, err := f.dir.Versions(component)
	for _, v := range versions {
		err = errors.Join(err, endLeft(ctx, f.dir, component, v))
	}
	return err
}

func each(dir place.Dir, do func(component, version string) error) error {
	components, err := dir.Components()
	if err != nil {
		return err
	}
	for _, c := range components {
		versions, err := dir.Versions(c)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if err := do(c, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// endLeft ends what a killed supervisor left of a version.
func endLeft(ctx context.Context, in place.Dir, component, version string) error {
	dir := in.Version(component, version)
	var w place.Wanted
	if _, err := place.Read(dir.WantedFile(), &w); err != nil {
		return err
	}
	return errors.Join(supervisor.End(ctx, dir, w), supervisor.End(ctx, dir.Next(), w))
}

// Delete removes the files of what was taken down in a scope, so that nothing starts
// it again. It refuses what still runs.
func (t *Target) Delete(ctx context.Context, app string, scope delivery.Scope) error {
	list, err := t.List(ctx, app, scope)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Health != "down" {
			err := fault.New(fault.Refused, "%s in %s still runs on this machine", r.Component, r.Place)
			return fault.Hint(err, "falkirk local down %s %s", r.Place, r.Component)
		}
	}
	for _, r := range list {
		s := spot{Placement: delivery.Placement{App: app, Place: r.Place, Component: r.Component}, dir: place.Of(t.opt.Dir, app, r.Place)}
		s.client = supervisor.Client{Dir: s.dir}
		err := place.Discard(filepath.Dir(s.dir.LiveFile(r.Component)))
		if err := errors.Join(err, t.tidy(ctx, s)); err != nil {
			return fmt.Errorf("delete %s in %s: %w", r.Component, r.Place, err)
		}
	}
	return nil
}
