//go:build !linux && !darwin

package process

import (
	"context"
	"os"
	"os/exec"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
)

func startOf(int) (string, bool) { return "", false }

func unsupported() error {
	return fault.New(fault.Refused, "the local target does not run on this operating system; use linux or macOS")
}

// Detached says that it is not supported here.
func Detached([]string, string, Handed) (*exec.Cmd, error) { return nil, unsupported() }

// Stop says that it is not supported here.
func Stop(context.Context, Record, place.Version, time.Duration) error { return unsupported() }

// Sweep does nothing here.
func Sweep(Record, place.Version) ([]guard.Process, error) { return nil, nil }

// EndOrphans does nothing here.
func EndOrphans(string, string) ([]Orphan, error) { return nil, nil }

// Lock says that it is not supported here.
func Lock(string) (*os.File, bool, error) { return nil, false, unsupported() }

// Exec says that it is not supported here.
func Exec(place.Dir, place.Version, int, time.Time) error { return unsupported() }

// Furnish does nothing here.
func Furnish(string) error { return nil }
