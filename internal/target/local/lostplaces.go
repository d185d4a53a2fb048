package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// lostPlaces finds the places of an app whose folders were deleted: those whose
// supervisors still run, and those of which only processes do.
func (t *Target) lostPlaces(ctx context.Context, app string, scope delivery.Scope) ([]found, error) {
	folder := filepath.Join(t.opt.Dir, app)
	var all []found
	add := func(dir place.Dir, orphans ...process.Orphan) {
		f := found{dir: dir, id: place.Identity{App: app, Place: placeOf(filepath.Base(string(dir)))}, orphans: orphans}
		if scope.Covers(f.id.Place, "") {
			all = append(all, f)
		}
	}
	for _, dir := range supervisor.Lost(folder) {
		add(dir)
	}
	for _, o := range process.Orphans(folder) {
		dir := place.Dir(filepath.Join(folder, o.Place))
		if i := slices.IndexFunc(all, func(f found) bool { return f.dir == dir }); i >= 0 {
			if len(all[i].orphans) > 0 {
				all[i].orphans = append(all[i].orphans, o)
			}
			continue
		}
		if _, err := (supervisor.Client{Dir: dir}).Status(ctx); err != nil {
			add(dir, o)
		}
	}
	return all, nil
}

// placeOf reads a place from the name of its folder.
func placeOf(name string) delivery.Place {
	parts := strings.Split(name, "~")
	p := delivery.Place{Environment: parts[0]}
	if len(parts) > 1 {
		p.Region = parts[len(parts)-1]
	}
	if len(parts) > 2 {
		p.Account = parts[1]
	}
	return p
}

const folderDeleted = "the state folder was deleted"

// listLost says what runs in a place whose folder was deleted.
func (f found) listLost(st supervisor.Status) []Running {
	var list []Running
	for _, c := range st.Components {
		for _, u := range c.Releases {
			r := Running{Place: f.id.Place, Component: c.Name, Version: u.Version, ProxyPort: st.Port, Supervisor: st.PID}
			r.supervised(st)
			if r.Error == "" {
				r.Error = folderDeleted
			}
			list = append(list, r)
		}
	}
	return list
}

// listOrphans says what runs without a supervisor and a record.
func (f found) listOrphans() []Running {
	var list []Running
	for _, o := range f.orphans {
		list = append(list, Running{
			Place: f.id.Place, Component: o.Component, Version: o.Version, Kind: "image", PID: o.PID,
			Health: "orphaned", Error: folderDeleted,
		})
	}
	return list
}

// hasFolder reports whether the files of the place are there.
func (f found) hasFolder() bool {
	_, err := os.Stat(f.dir.IdentityFile())
	return err == nil
}
