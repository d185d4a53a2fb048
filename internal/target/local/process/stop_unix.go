//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
)

// Stop ends a process of a version, everything in its group, and what it has
// started that left the group: SIGTERM, and SIGKILL to what is left after the
// grace. Stopping what has ended is no error; what cannot be ended is one, and
// is named.
func Stop(ctx context.Context, r Record, v place.Version, grace time.Duration) error {
	if !r.IsAlive() && len(others(r, v)) == 0 {
		return nil
	}
	if err := signal(r, syscall.SIGTERM); err != nil {
		return err
	}
	for _, p := range outside(r, v) {
		_ = syscall.Kill(p.PID, syscall.SIGTERM) // one that does not obey is killed below
	}
	if err := gone(ctx, r, v, grace); err != nil {
		return err
	}
	_, err := Sweep(r, v)
	return err
}

// Sweep kills what a process that has ended, or does not end, leaves: its group,
// and what it has started that left the group. It returns what had left the
// group; what cannot be ended is an error.
func Sweep(r Record, v place.Version) ([]guard.Process, error) {
	left := outside(r, v)
	_ = signal(r, syscall.SIGKILL) // that nobody is left is what is wanted
	remain := guard.Kill(func() []guard.Process {
		all := others(r, v)
		if r.IsAlive() && !slices.ContainsFunc(all, func(p guard.Process) bool { return p.PID == r.PID }) {
			all = append(all, guard.Process{PID: r.PID, Name: "the process"})
		}
		return all
	})
	if len(remain) > 0 {
		return left, fault.New(fault.Internal, "these processes could not be ended and still run: %s", guard.Names(remain))
	}
	return left, nil
}

// others are the living processes of a version that belong to r. While another
// start of the version runs too, they are known by the variable of their start
// alone.
func others(r Record, v place.Version) []guard.Process {
	all := guard.Marked(Mark(v), Resolved(v.Rootfs()))
	if len(all) == 0 {
		return nil
	}
	// Who becomes the process writes its record first, so the record of each one
	// found is there by now.
	for _, f := range []place.Version{v.Own(), v.Own().Next()} {
		if now, err := Recorded(f); err != nil || now.PID != r.PID && now.IsAlive() {
			return guard.Marked(startMark(v, r.Port), "")
		}
	}
	return all
}

// outside are those of the others that have left the group.
func outside(r Record, v place.Version) []guard.Process {
	return slices.DeleteFunc(others(r, v), func(p guard.Process) bool { return isOfGroup(r, p) })
}

func isOfGroup(r Record, p guard.Process) bool {
	group, err := syscall.Getpgid(p.PID)
	return err != nil || group == r.PID
}

func signal(r Record, s syscall.Signal) error {
	if r.PID <= 1 {
		return nil
	}
	err := syscall.Kill(-r.PID, s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// gone waits until the process has ended and what it has started too, at most
// for limit.
func gone(ctx context.Context, r Record, v place.Version, limit time.Duration) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.IsAlive() || len(others(r, v)) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return nil
		case <-tick.C:
		}
	}
	return nil
}
