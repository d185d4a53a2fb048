//go:build unix

package regular

import "syscall"

// noWait has the opening of a named pipe return at once.
const noWait = syscall.O_NONBLOCK
