package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// supervise has the place's supervisor run and its proxy on the wanted port.
func (t *Target) supervise(ctx context.Context, s spot) (delivery.Outcome, error) {
	note, err := t.recover(ctx, s)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if err := os.MkdirAll(string(s.dir), 0o755); err != nil {
		return delivery.Outcome{}, err
	}
	if err := place.Write(s.dir.IdentityFile(), place.Identity{App: s.App, Place: s.Place}, held(ctx)); err != nil {
		return delivery.Outcome{}, err
	}
	avoid, wasDown := t.ports(), s.dir.IsDown(s.Component)
	for try := 0; ; try++ {
		port, chosen, err := s.choosePort(ctx, avoid)
		if err != nil {
			return delivery.Outcome{}, err
		}
		already, err := t.listen(ctx, s, port)
		if chosen && try < 20 && fault.Is(err, fault.Conflict) {
			avoid[port] = true // somebody was faster; any other port will do
			if err := place.Remove(s.dir.PortFile(), held(ctx)); err != nil {
				return delivery.Outcome{}, err
			}
			continue
		}
		return delivery.Outcome{Nothing: already && err == nil && note == "" && !wasDown, Note: note}, err
	}
}

// listen has the supervisor run and waits until its proxy is on the port.
func (t *Target) listen(ctx context.Context, s spot, port int) (already bool, err error) {
	downs := []string{s.dir.DownFile()}
	if s.Component != "" {
		downs = append(downs, s.dir.ComponentDownFile(s.Component))
	}
	for _, file := range downs {
		if err := place.Remove(file, held(ctx)); err != nil {
			return false, err
		}
	}
	already, err = t.run(ctx, s.dir)
	if err != nil {
		return false, err
	}
	return already, s.await(ctx, 10*time.Second, func(st supervisor.Status) (bool, error) {
		if st.PortError != "" && st.Port != port {
			return false, taken(port, s.Place.String(), errors.New(st.PortError))
		}
		return st.Port == port, nil
	})
}

// choosePort settles the place's port: the one set, the one kept, or a free
// one that is chosen now, and says who is in the way before anything is started.
func (s spot) choosePort(ctx context.Context, avoid map[int]bool) (port int, chosen bool, err error) {
	var kept place.Port
	if _, err := place.Read(s.dir.PortFile(), &kept); err != nil {
		return 0, false, err
	}
	port = s.set.Port
	if port == 0 {
		port = kept.Port
	}
	if port == 0 {
		chosen = true
		if port, err = process.StablePort(string(s.dir), avoid); err != nil {
			return 0, false, err
		}
	}
	if st, err := s.client.Status(ctx); err != nil || st.Port != port {
		if err := waitFree(ctx, port); err != nil && !chosen {
			return 0, false, taken(port, s.Place.String(), err)
		}
	}
	if port == kept.Port {
		return port, chosen, nil
	}
	return port, chosen, place.Write(s.dir.PortFile(), place.Port{Port: port}, held(ctx))
}

// waitFree gives a supervisor that was killed a moment to let go of its port.
func waitFree(ctx context.Context, port int) error {
	end := time.NewTimer(time.Second)
	defer end.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := process.IsFree(port)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return err
		case <-tick.C:
		}
	}
}

// ports are those that other places keep, also while they are down.
func (t *Target) ports() map[int]bool {
	all := map[int]bool{}
	files, _ := filepath.Glob(filepath.Join(t.opt.Dir, "*", "*", "port.json")) // the pattern is well formed
	for _, file := range files {
		var p place.Port
		if _, err := place.Read(file, &p); err == nil {
			all[p.Port] = true
		}
	}
	return all
}

func taken(port int, where string, err error) error {
	for _, p := range supervisor.Running() {
		if process.Holds(p.PID, port) {
			err := fault.New(fault.Conflict, "port %d of the place %s is taken by another place on this machine: %s (process %d)", port, where, p.Dir, p.PID)
			return fault.Hint(err, "falkirk local down (in the folder of that app), or set another `port` for the local target of %s in falkirk.yml", where)
		}
	}
	err = fault.New(fault.Conflict, "port %d of the place %s is taken by another program: %w", port, where, err)
	return fault.Hint(err, "stop what listens on port %d, or set another `port` for the local target of %s in falkirk.yml", port, where)
}

// run starts the supervisor of a place where none runs, and waits until it
// answers; already when one did.
func (t *Target) run(ctx context.Context, dir place.Dir) (already bool, err error) {
	client := supervisor.Client{Dir: dir}
	if _, err := client.Status(ctx); err == nil || !errors.Is(err, supervisor.ErrDown) {
		return err == nil, err
	}
	args := append(append([]string{}, t.opt.Self...), "serve", string(dir), t.opt.App)
	cmd, err := supervisor.Start(dir, append(args, t.opt.Self...))
	if err != nil {
		return false, fmt.Errorf("start the supervisor: %w", err)
	}
	ended := make(chan struct{})
	go func() { // reaps the supervisor if it ends before this process does
		defer close(ended)
		_ = cmd.Wait()
	}()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := client.Status(ctx); !errors.Is(err, supervisor.ErrDown) {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-tick.C:
			continue
		case <-ended:
			if _, err := client.Status(ctx); err == nil {
				return false, nil // another command was faster
			}
		case <-end.C:
		}
		return false, fault.New(fault.Unavailable, "the supervisor did not start:\n%s", process.Tail(dir.SupervisorLog(), 10))
	}
}
