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

// places finds the places of an app that a scope covers.
func (t *Target) places(ctx context.Context, app string, scope delivery.Scope) ([]found, error) {
	entries, err := os.ReadDir(filepath.Join(t.opt.Dir, app))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	all, err := t.lostPlaces(ctx, app, scope)
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
		if ok && !isLost && scope.Covers(f.id.Place, "") {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return a.id.Place.Compare(b.id.Place) })
	return all, nil
}

func (f found) spot() spot {
	return spot{Placement: delivery.Placement{App: f.id.App, Place: f.id.Place}, dir: f.dir, client: supervisor.Client{Dir: f.dir}}
}

// List says what runs for an app in a scope.
func (t *Target) List(ctx context.Context, app string, scope delivery.Scope) ([]Running, error) {
	all, err := t.places(ctx, app, scope)
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
	return slices.DeleteFunc(list, func(r Running) bool { return !scope.Covers(r.Place, r.Component) }), nil
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
		if _, is := st.Find(component, version); up && (is || !f.dir.IsDown(component)) {
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
