// Package chaos says how much of what could go wrong a test tries: a moderate
// part that is the same in each `make test`, or everything and other things each
// time, as `make chaos` does. No kind of fault is left out of either.
package chaos

import (
	"math/rand/v2"
	"os"
	"testing"
)

// Full reports whether everything is tried.
func Full() bool { return os.Getenv("FALKIRK_CHAOS") == "full" }

// Count is one of two counts.
func Count(moderate, full int) int {
	if Full() {
		return full
	}
	return moderate
}

// Seed is where random choices begin. It is the same each time in `make test`,
// and is logged, so that a failure can be repeated.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if Full() {
		seed = rand.Uint64()
	}
	t.Logf("the seed is %d", seed)
	return seed
}
