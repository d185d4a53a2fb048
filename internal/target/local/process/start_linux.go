package process

import (
	"bytes"
	"os"
	"strconv"
)

// startOf identifies the start of a process: the boot and the clock tick in it.
func startOf(pid int) (string, bool) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// The name in parentheses may hold anything; the fields begin after the last one.
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	const state, start = 0, 19
	if len(fields) <= start || string(fields[state]) == "Z" || string(fields[state]) == "X" {
		return "", false
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		boot = nil
	}
	return string(bytes.TrimSpace(boot)) + "/" + string(fields[start]), true
}
