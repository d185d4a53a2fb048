//go:build !linux

package fence

import "net"

// limitUnacknowledged does nothing here: the system has no such option.
func limitUnacknowledged(net.Conn) {}
