package fence

import (
	"time"

	"golang.org/x/sys/unix"
)

// SinceBoot is the time since this machine started, with the time in which it
// was suspended (CLOCK_BOOTTIME, clock_gettime(2)). Go's own monotonic clock
// stops during a suspend.
func SinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("fence: CLOCK_BOOTTIME: " + err.Error()) // Linux has it since 2.6.39
	}
	return time.Duration(t.Nano())
}
