package process

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
)

// Listens reports whether the process, or one that it has started, is who
// listens on its port of 127.0.0.1. A port is only known to be free at the moment
// of the choice: where another program took it first, that one answers the health
// check of a process that is about to fail. It is nil where it cannot be known,
// as for a process of another user.
func Listens(r Record, v place.Version) error {
	sockets := listeners(r.Port)
	if len(sockets) == 0 {
		return nil
	}
	for _, p := range append(others(r, v), guard.OfSession(r.PID)...) {
		held, err := socketsOf(p.PID)
		if err != nil || slices.ContainsFunc(held, func(s string) bool { return slices.Contains(sockets, s) }) {
			return nil
		}
	}
	return fmt.Errorf("another program listens on port %d", r.Port)
}

// Holds reports whether a process itself listens on a port of 127.0.0.1.
func Holds(pid, port int) bool {
	held, err := socketsOf(pid)
	sockets := listeners(port)
	return err == nil && slices.ContainsFunc(held, func(s string) bool { return slices.Contains(sockets, s) })
}

// listeners are the sockets that accept connections to 127.0.0.1 on a port, by
// their inode (proc_pid_net(5): the fields of /proc/net/tcp).
func listeners(port int) []string {
	addresses := []string{"00000000", "0100007F", strings.Repeat("0", 32), "0000000000000000FFFF00000100007F"}
	var sockets []string
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // no IPv6 here
		}
		for line := range bytes.Lines(raw) {
			f := strings.Fields(string(line))
			const local, state, inode, isListening = 1, 3, 9, "0A"
			if len(f) <= inode || f[state] != isListening {
				continue
			}
			address, hex, _ := strings.Cut(f[local], ":")
			if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port && slices.Contains(addresses, address) {
				sockets = append(sockets, "socket:["+f[inode]+"]")
			}
		}
	}
	return sockets
}

// socketsOf are the open files of a process, as the system names them.
func socketsOf(pid int) ([]string, error) {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var held []string
	for _, e := range entries {
		if to, err := os.Readlink(folder + "/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			held = append(held, to)
		}
	}
	return held, nil
}
