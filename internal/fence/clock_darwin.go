package fence

import (
	"time"

	"golang.org/x/sys/unix"
)

// SinceBoot is the time since this machine started. On macOS CLOCK_MONOTONIC
// goes on while the machine sleeps (clock_gettime(3)).
func SinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic("fence: CLOCK_MONOTONIC: " + err.Error())
	}
	return time.Duration(t.Nano())
}
