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

// reconcile makes what runs and what is served what the files want.
func (s *Supervisor) reconcile(ctx context.Context) {
	s.once.Lock()
	defer s.once.Unlock()
	if s.ending {
		return
	}
	wishes, live, err := s.read()
	if err != nil {
		s.log.Warn("read the place", "error", err)
		return
	}
	if _, err := os.Stat(s.dir.DownFile()); err == nil {
		wishes = nil
	}
	s.listen()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, w := range wishes {
		s.follow(ctx, key, w)
	}
	var gone []*unit
	for key, u := range s.units {
		if w, ok := wishes[key]; !ok || !bytes.Equal(w.raw, u.raw) {
			delete(s.units, key)
			s.leaving[key] = u
			gone = append(gone, u)
		}
	}
	for key := range s.broken {
		if _, ok := wishes[key]; !ok {
			delete(s.broken, key)
		}
	}
	s.route(live)
	for _, u := range gone {
		s.work.Go(func() { s.leave(ctx, u) })
	}
}

// follow makes the unit of a wish, where there is none; the one before it has
// to be gone.
func (s *Supervisor) follow(ctx context.Context, key string, w wish) {
	if s.units[key] != nil || s.leaving[key] != nil {
		return
	}
	u, err := s.newUnit(ctx, w.dir, w.raw, w.wanted)
	if err != nil {
		s.broken[key] = err.Error()
		return
	}
	delete(s.broken, key)
	s.units[key] = u
}

func (s *Supervisor) leave(ctx context.Context, u *unit) {
	if err := u.stop(ctx, true); err != nil {
		u.log.Warn("stop", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leaving, keyOf(u.wanted.Component, u.wanted.Version))
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

// read gathers what the files want and which version is live by component.
func (s *Supervisor) read() (map[string]wish, map[string]string, error) {
	wishes, live := map[string]wish{}, map[string]string{}
	components, err := s.dir.Components()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range components {
		if v, err := s.dir.Live(c); err != nil {
			return nil, nil, err
		} else if v != "" {
			live[c] = v
		}
		versions, err := s.dir.Versions(c)
		if err != nil {
			return nil, nil, err
		}
		for _, v := range versions {
			w := wish{dir: s.dir.Version(c, v)}
			w.raw, err = os.ReadFile(w.dir.WantedFile())
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = json.Unmarshal(w.raw, &w.wanted)
			}
			if err != nil {
				return nil, nil, fmt.Errorf("%s %s: %w", c, v, err)
			}
			wishes[keyOf(c, v)] = w
		}
	}
	return wishes, live, nil
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
