package oci

import (
	"net"
	"regexp"
	"strings"
)

// IsRepository is the distribution specification's rule for names.
func IsRepository(name string) bool {
	return len(name) <= 255 && regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`).MatchString(name)
}

// IsHost reports whether this can be a registry: a host, with its port perhaps.
func IsHost(host string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]{1,5})?$|^\[[0-9a-fA-F:]+\](:[0-9]{1,5})?$`).MatchString(host)
}

// IsLoopback reports whether a registry is on this machine.
func IsLoopback(registry string) bool {
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
