package fence

import (
	"time"

	"golang.org/x/sys/windows"
)

// SinceBoot is the time since this machine started, with the time in which it
// slept (GetTickCount64; steps of 10 to 16 ms).
func SinceBoot() time.Duration { return windows.DurationSinceBoot() }
