package process

import (
	"fmt"
	"hash/fnv"
	"net"
	"strconv"
)

// FreePort is a port on which nothing listens now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("look for a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// IsFree reports whether one could listen on the port.
func IsFree(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// StablePort is a free port for a name that stays: outside the range from
// which systems take ports for connections, and the same each time where it can.
func StablePort(name string, taken map[int]bool) (int, error) {
	const first, count = 20000, 10000
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	at := int(h.Sum32() % count)
	for i := range count {
		port := first + (at+i)%count
		if !taken[port] && IsFree(port) == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free", first, first+count-1)
}
