package supervisor

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
)

// listenControl answers the command on a port of its own, and writes down how
// it is reached. Only who can read that file knows the token.
func (s *Supervisor) listenControl(ctx context.Context) (*http.Server, error) {
	l, token, err := inherited()
	if err != nil {
		return nil, fmt.Errorf("listen for the command: %w", err)
	}
	me, _ := process.Of(os.Getpid(), 0, s.now())
	c := Contact{PID: me.PID, Start: me.Start, Address: l.Addr().String(), Token: token}
	s.contact = c
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { s.tell(w) })
	mux.HandleFunc("POST /reconcile", func(w http.ResponseWriter, _ *http.Request) {
		s.reconcile(ctx, true)
		s.tell(w)
	})
	mux.HandleFunc("POST /adopt", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.restore(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		s.tell(w)
	})
	mux.HandleFunc("POST /end", func(w http.ResponseWriter, r *http.Request) {
		s.stopAll(ctx, r.FormValue("drain") != "")
		s.tell(w)
		s.quitOnce.Do(func() { close(s.quit) })
	})
	server := &http.Server{Handler: authorized(c.Token, mux), ReadHeaderTimeout: 10 * time.Second}
	if err := place.Write(s.dir.SupervisorFile(), c); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("write how the supervisor is reached: %w", err)
	}
	s.work.Go(func() { _ = server.Serve(l) }) // ends when the server is shut
	return server, nil
}

func authorized(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			http.Error(w, "not for you", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Supervisor) tell(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.status()) // who asked has gone; nobody is to be told
}

func (s *Supervisor) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{Lost: s.isLost(), PID: os.Getpid(), Port: s.port, PortError: s.portErr}
	byName := map[string]*Component{}
	component := func(name string) *Component {
		if byName[name] == nil {
			byName[name] = &Component{Name: name, Served: s.served[name]}
		}
		return byName[name]
	}
	report := func(u *unit, next bool) {
		c, r := component(u.wanted.Component), u.report()
		r.Next = next
		c.Releases = append(c.Releases, r)
	}
	for _, u := range s.units {
		report(u, false)
	}
	for _, u := range s.next {
		report(u, true)
	}
	for u := range s.leaving {
		report(u, false)
	}
	for dir, why := range s.broken {
		_, _, name, version := dir.Name()
		c := component(name)
		c.Releases = append(c.Releases, Release{Version: version, Error: why, Next: dir != dir.Own()})
	}
	for _, c := range byName {
		slices.SortFunc(c.Releases, func(a, b Release) int { return strings.Compare(a.Version, b.Version) })
		st.Components = append(st.Components, *c)
	}
	slices.SortFunc(st.Components, func(a, b Component) int { return strings.Compare(a.Name, b.Name) })
	return st
}

// stopAll takes everything out of traffic and ends all processes.
func (s *Supervisor) stopAll(ctx context.Context, drain bool) {
	s.once.Lock()
	defer s.once.Unlock()
	s.ending = true
	s.mu.Lock()
	units := slices.AppendSeq(slices.Collect(maps.Values(s.units)), maps.Values(s.next))
	s.units, s.next = map[string]*unit{}, map[string]*unit{}
	s.route(nil)
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, u := range units {
		all.Go(func() {
			if err := u.stop(ctx, drain); err != nil {
				u.log.Warn("stop", "error", err)
			}
		})
	}
	all.Wait()
}
