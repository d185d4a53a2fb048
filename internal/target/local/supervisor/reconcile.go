package supervisor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/proxy"
)

type wish struct {
	dir    place.Version
	raw    []byte
	wanted place.Wanted
}

// reconcile makes what runs and what is served what the files want. Only a
// command that asks for it takes something away: files that vanish may be those of
// a folder that is being deleted.
func (s *Supervisor) reconcile(ctx context.Context, asked bool) {
	s.once.Lock()
	defer s.once.Unlock()
	if s.ending || s.isLost() {
		return
	}
	want, err := s.read()
	if err != nil {
		s.log.Warn("read the place", "error", err)
		return
	}
	if _, err := os.Stat(s.dir.DownFile()); err == nil {
		want.now, want.next, asked = nil, nil, true
	}
	s.listen()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !asked {
		s.keep(want)
	}
	gone := s.replace(want)
	s.broken = map[place.Version]string{}
	for key, w := range want.now {
		s.follow(ctx, s.units, key, w)
	}
	for key, w := range want.next {
		s.follow(ctx, s.next, key, w)
	}
	for key, u := range s.units {
		if w, ok := want.now[key]; !ok || !bytes.Equal(w.raw, u.raw) {
			delete(s.units, key)
			gone = append(gone, u)
		}
	}
	s.route(want.live)
	for _, u := range gone {
		s.leaving[u] = true
		s.work.Go(func() { s.leave(ctx, u) })
	}
}

// keep adds to what is wanted what runs and is served already.
func (s *Supervisor) keep(want wishes) {
	for key, u := range s.units {
		if _, ok := want.now[key]; !ok {
			want.now[key] = wish{dir: u.folder(), raw: u.raw, wanted: u.wanted}
		}
	}
	for component, version := range s.served {
		if want.live[component] == "" {
			want.live[component] = version
		}
	}
}

// replace puts each next unit that is ready in the place of the one before, and
// returns the units that have to leave.
func (s *Supervisor) replace(want wishes) (gone []*unit) {
	for key, u := range s.next {
		w, ok := want.next[key]
		if !ok || !bytes.Equal(w.raw, u.raw) {
			delete(s.next, key)
			gone = append(gone, u)
			continue
		}
		if !u.report().Ready {
			continue
		}
		before := s.units[key]
		if err := u.settle(); err != nil {
			u.log.Warn("take the place of the process before", "error", err)
			continue
		}
		delete(s.next, key)
		delete(want.next, key)
		w.dir = u.folder()
		s.units[key], want.now[key] = u, w
		if before != nil {
			before.replaced, before.shared = true, before.report().PID == u.report().PID
			gone = append(gone, before)
		}
	}
	return gone
}

// follow makes the unit of a wish, where there is none; the one before it has
// to be gone.
func (s *Supervisor) follow(ctx context.Context, units map[string]*unit, key string, w wish) {
	if units[key] != nil || s.leaves(w.dir) {
		return
	}
	u, err := s.newUnit(ctx, w.dir, w.raw, w.wanted)
	if err != nil {
		s.broken[w.dir] = err.Error()
		return
	}
	units[key] = u
}

// leaves reports whether a unit with these files is still being stopped.
func (s *Supervisor) leaves(dir place.Version) bool {
	for u := range s.leaving {
		if u.folder() == dir && !u.replaced {
			return true
		}
	}
	return false
}

func (s *Supervisor) leave(ctx context.Context, u *unit) {
	if err := u.stop(ctx, true); err != nil {
		u.log.Warn("stop", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leaving, u)
}

// route serves the live version of each component. One that is not ready yet
// waits while the one before it still answers.
func (s *Supervisor) route(live map[string]string) {
	served := map[string]string{}
	for component, version := range live {
		served[component] = version
		next, before := s.units[keyOf(component, version)], s.units[keyOf(component, s.served[component])]
		if before != nil && before != next && (next == nil || !next.report().Ready) {
			served[component] = s.served[component]
		}
		if s.units[keyOf(component, served[component])] == nil {
			delete(served, component)
		}
	}
	var releases []*proxy.Release
	for _, u := range s.units {
		releases = append(releases, u.release)
	}
	slices.SortFunc(releases, func(a, b *proxy.Release) int {
		born := func(r *proxy.Release) time.Time { return s.units[keyOf(r.Component, r.Version)].born }
		return cmp.Or(born(a).Compare(born(b)), cmp.Compare(a.Version, b.Version))
	})
	s.served = served
	s.proxy.Switch(proxy.NewTable(releases, served))
}

func keyOf(component, version string) string { return component + "\x00" + version }

// wishes is what the files of a place want.
type wishes struct {
	now, next map[string]wish   // by component and version
	live      map[string]string // version by component
}

// read gathers what the files want.
func (s *Supervisor) read() (wishes, error) {
	want := wishes{map[string]wish{}, map[string]wish{}, map[string]string{}}
	components, err := s.dir.Components()
	if err != nil {
		return want, err
	}
	for _, c := range components {
		if s.dir.IsDown(c) {
			continue
		}
		if v, err := s.dir.Live(c); err != nil {
			return want, err
		} else if v != "" {
			want.live[c] = v
		}
		versions, err := s.dir.Versions(c)
		if err != nil {
			return want, err
		}
		for _, v := range versions {
			dir := s.dir.Version(c, v)
			ok, err := readWish(want.now, keyOf(c, v), dir)
			if err == nil && ok {
				_, err = readWish(want.next, keyOf(c, v), dir.Next())
			}
			if err != nil {
				return want, fmt.Errorf("%s %s: %w", c, v, err)
			}
		}
	}
	return want, nil
}

func readWish(into map[string]wish, key string, dir place.Version) (bool, error) {
	w := wish{dir: dir}
	var err error
	w.raw, err = os.ReadFile(dir.WantedFile())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(w.raw, &w.wanted)
	}
	into[key] = w
	return true, err
}

// listen opens the proxy on the port that the file names; connections on the
// port before it go on.
func (s *Supervisor) listen() {
	var want place.Port
	if _, err := place.Read(s.dir.PortFile(), &want); err != nil || want.Port == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil && s.port == want.Port {
		s.portErr = ""
		return
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(want.Port)))
	if err != nil {
		s.portErr = err.Error()
		return
	}
	if s.listener != nil {
		_ = s.listener.Close() // its place is taken
	}
	s.listener, s.port, s.portErr = l, want.Port, ""
	s.work.Go(func() { _ = s.front.Serve(l) }) // ends when the listener is closed
}
