package ledger

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// machine names this boot; there is one process table.
func machine() string {
	boot, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return boot
}

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// look says when a process began and whether it runs.
func look(pid int) (started string, alive bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", false
	}
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", true
	}
	at := info.Proc.P_starttime
	return fmt.Sprintf("%d.%06d", at.Sec, at.Usec), info.Proc.P_stat != zombie
}
