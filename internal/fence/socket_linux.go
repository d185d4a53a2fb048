package fence

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Unacknowledged is how long the kernel goes on sending bytes that the other
// side does not acknowledge. Without it, it retries for some 15 minutes
// (tcp(7): TCP_USER_TIMEOUT, tcp_retries2), and a request of a former holder
// arrives when the network is back. It must not be longer than a request may
// take.
const Unacknowledged = 5 * time.Second

func limitUnacknowledged(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // where it is not known, the conditions of the requests remain
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(Unacknowledged.Milliseconds()))
	})
}
