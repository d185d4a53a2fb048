//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Detached starts argv in a session of its own, its output added to the log
// file, so that it outlives its starter. It gets none of the caller's
// environment but PATH, HOME and TMPDIR. The caller reaps it.
func Detached(argv []string, log string) (*exec.Cmd, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = []string{}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd, nil
}

// Stop ends a process and everything in its group: SIGTERM, and SIGKILL to
// what is left after the grace. Stopping what has ended is no error.
func Stop(ctx context.Context, r Record, grace time.Duration) error {
	if !r.IsAlive() {
		return nil
	}
	if err := signal(r, syscall.SIGTERM); err != nil {
		return err
	}
	if err := r.gone(ctx, grace); err != nil {
		return err
	}
	Sweep(r)
	if err := r.gone(ctx, 10*time.Second); err != nil {
		return err
	}
	if r.IsAlive() {
		return fmt.Errorf("process %d does not end", r.PID)
	}
	return nil
}

// Sweep kills what is left of a process's group.
func Sweep(r Record) {
	if r.PID > 1 {
		_ = signal(r, syscall.SIGKILL) // nobody left is what is wanted
	}
}

func signal(r Record, s syscall.Signal) error {
	err := syscall.Kill(-r.PID, s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// gone waits until the process has ended, at most for limit.
func (r Record) gone(ctx context.Context, limit time.Duration) error {
	end := time.NewTimer(limit)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.IsAlive() {
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

// Lock takes an exclusive lock on a file; false when another process has it.
// It is released when the file is closed or the process ends.
func Lock(path string) (*os.File, bool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, true, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, err
}
