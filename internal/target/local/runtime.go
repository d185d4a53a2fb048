package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// Running is one line of what runs on this machine.
type Running struct {
	Place      delivery.Place `json:"place"`
	Component  string         `json:"component,omitempty"` // empty: a place with nothing in it
	Version    string         `json:"version,omitempty"`
	Kind       string         `json:"kind,omitempty"` // image or site
	Live       bool           `json:"live"`
	PID        int            `json:"pid,omitempty"`
	Port       int            `json:"port,omitempty"`
	Since      time.Time      `json:"since,omitzero"`
	Restarts   int            `json:"restarts"`
	Health     string         `json:"health"` // healthy, unhealthy, unsupervised, orphaned or down
	InFlight   int64          `json:"inFlight"`
	ProxyPort  int            `json:"proxyPort"`
	Supervisor int            `json:"supervisor,omitempty"` // its PID; 0 when it does not run
	Error      string         `json:"error,omitempty"`
}

// found is one place that has a folder, or whose processes run without it.
type found struct {
	dir     place.Dir
	id      place.Identity
	orphans []process.Orphan
}

// places finds an app's places; an empty environment means all of them.
func (t *Target) places(ctx context.Context, app, environment string) ([]found, error) {
	entries, err := os.ReadDir(filepath.Join(t.opt.Dir, app))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	all, err := t.lostPlaces(ctx, app, environment)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // what is being deleted
		}
		f := found{dir: place.Dir(filepath.Join(t.opt.Dir, app, e.Name()))}
		ok, err := place.Read(f.dir.IdentityFile(), &f.id)
		if err != nil {
			return nil, err
		}
		isLost := slices.ContainsFunc(all, func(l found) bool { return l.dir == f.dir })
		if ok && !isLost && (environment == "" || f.id.Place.Environment == environment) {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return a.id.Place.Compare(b.id.Place) })
	return all, nil
}

// Up has the supervisors run again, after a reboot or Down, and waits until
// everything that is live answers.
func (t *Target) Up(ctx context.Context, app, environment string) error {
	all, err := t.places(ctx, app, environment)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range all {
		if err := t.up(ctx, f); err != nil {
			failed = append(failed, fmt.Errorf("bring up %s: %w", f.id.Place, err))
		}
	}
	return errors.Join(failed...)
}

func (t *Target) up(ctx context.Context, f found) error {
	if len(f.orphans) > 0 && !f.hasFolder() {
		err := fault.New(fault.Refused, "the state folder was deleted, so what is to be live is not known; still running: %s", process.Names(f.orphans))
		return fault.Hint(err, "falkirk provision VERSION --to %s stops them and starts the release again; falkirk local down %s stops them only", f.id.Place.Environment, f.id.Place.Environment)
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

// Down drains and stops all processes and supervisors; the releases stay
// provisioned, and Up brings them back.
func (t *Target) Down(ctx context.Context, app, environment string) error {
	all, err := t.places(ctx, app, environment)
	if err != nil {
		return err
	}
	var failed []error
	for _, f := range all {
		if err := t.down(ctx, f, t.opt.Now()); err != nil {
			failed = append(failed, fmt.Errorf("take down %s: %w", f.id.Place, err))
		}
	}
	return errors.Join(failed...)
}

func (f found) spot() spot {
	return spot{Placement: delivery.Placement{App: f.id.App, Place: f.id.Place}, dir: f.dir, client: supervisor.Client{Dir: f.dir}}
}

// down takes one place down. One whose folder was deleted is adopted first, so that
// it keeps its port and what is live.
func (t *Target) down(ctx context.Context, f found, now time.Time) error {
	if _, err := t.recover(ctx, f.spot()); err != nil || !f.hasFolder() {
		return err
	}
	if err := place.Write(f.dir.DownFile(), map[string]time.Time{"at": now}); err != nil {
		return err
	}
	err := supervisor.Client{Dir: f.dir}.End(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	return each(f.dir, func(component, version string) error {
		dir := f.dir.Version(component, version)
		var w place.Wanted
		if _, err := place.Read(dir.WantedFile(), &w); err != nil {
			return err
		}
		return errors.Join(supervisor.End(ctx, dir, w), supervisor.End(ctx, dir.Next(), w)) // what a killed supervisor left
	})
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

// List says what runs for an app, in all environments when none is named.
func (t *Target) List(ctx context.Context, app, environment string) ([]Running, error) {
	all, err := t.places(ctx, app, environment)
	if err != nil {
		return nil, err
	}
	list := []Running{}
	for _, f := range all {
		some, err := listPlace(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", f.id.Place, err)
		}
		list = append(list, some...)
	}
	return list, nil
}

func listPlace(ctx context.Context, f found) ([]Running, error) {
	var port place.Port
	if _, err := place.Read(f.dir.PortFile(), &port); err != nil {
		return nil, err
	}
	st, err := supervisor.Client{Dir: f.dir}.Status(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return nil, err
	}
	up := err == nil
	if st.Lost {
		return f.listLost(st), nil
	}
	list := f.listOrphans()
	err = each(f.dir, func(component, version string) error {
		r := Running{Place: f.id.Place, Component: component, Version: version, ProxyPort: port.Port, Supervisor: st.PID}
		if up {
			r.supervised(st)
			list = append(list, r)
			return nil
		}
		live, err := f.dir.Live(component)
		if err != nil {
			return err
		}
		r.Live = live == version
		list = append(list, r.alone(f.dir.Version(component, version)))
		return nil
	})
	return list, err
}

func (r *Running) supervised(st supervisor.Status) {
	u, _ := st.Find(r.Component, r.Version)
	r.Live = st.Component(r.Component).Served == r.Version
	r.Kind, r.PID, r.Port, r.Since = u.Kind, u.PID, u.Port, u.Since
	r.Restarts, r.InFlight, r.Error = u.Restarts, u.InFlight, u.Error
	r.Health = "unhealthy"
	if u.Ready {
		r.Health = "healthy"
	}
}

// alone is what the files say where no supervisor runs.
func (r Running) alone(dir place.Version) Running {
	r.Health = "down"
	if p, err := process.Recorded(dir); err == nil && p.IsAlive() {
		r.Kind, r.PID, r.Port, r.Since, r.Health = "image", p.PID, p.Port, p.Since, "unsupervised"
	}
	return r
}
