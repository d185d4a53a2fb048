package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// machine names this boot and this process table: containers of one host share
// the boot but not the table.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	table, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + table
}

// look says when a process began, in clock ticks since boot, and whether it
// runs. One that ended and waits for its parent to ask does not run.
func look(pid int) (started string, alive bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", false
	}
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", true // hidden from this user, or just gone: the next look tells
	}
	// The name in parentheses may hold anything; state is the field after it,
	// the start is 19 fields further (proc_pid_stat(5)).
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 20 {
		return "", true
	}
	state := string(fields[0])
	return string(fields[19]), state != "Z" && state != "X"
}
