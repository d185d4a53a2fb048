//go:build linux || darwin

package process

import (
	"slices"
	"syscall"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/guard"
)

// EndOrphans ends the orphans of a place, given by the app's folder and the name
// of its own: SIGTERM, and SIGKILL after a moment. It returns those that it met.
func EndOrphans(app, placeName string) ([]Orphan, error) {
	of := func() []Orphan {
		return slices.DeleteFunc(Orphans(app), func(o Orphan) bool { return o.Place != placeName })
	}
	met := of()
	if len(met) == 0 {
		return nil, nil
	}
	terminate(met)
	for end := time.Now().Add(orphanGrace); time.Now().Before(end) && len(of()) > 0; {
		time.Sleep(20 * time.Millisecond)
	}
	remain := guard.Kill(func() []guard.Process {
		var all []guard.Process
		for _, o := range of() {
			all = append(all, o.Process)
		}
		return all
	})
	if len(remain) > 0 {
		return met, fault.New(fault.Internal, "these processes could not be ended and still run: %s", guard.Names(remain))
	}
	return met, nil
}

// orphanGrace is how long an orphan has from SIGTERM to SIGKILL: its settings are
// lost, so it is the default of the setting stop.
const orphanGrace = 5 * time.Second

func terminate(all []Orphan) {
	for _, o := range all {
		_ = syscall.Kill(o.PID, syscall.SIGTERM) // one that does not obey is killed
	}
}
