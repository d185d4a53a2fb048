//go:build !linux

package process

import "falkirk/internal/target/local/place"

// Listens is always nil here, as who listens on a port cannot be known.
func Listens(Record, place.Version) error { return nil }

// Holds is always false here, as who listens on a port cannot be known.
func Holds(int, int) bool { return false }
