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

// IsTag is the distribution specification's rule for tags.
func IsTag(tag string) bool {
	return regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`).MatchString(tag)
}

// IsDigest is the image specification's rule for digests: an algorithm and what it
// gives.
func IsDigest(digest string) bool {
	return len(digest) <= 255 && regexp.MustCompile(`^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$`).MatchString(digest)
}

// IsReference reports whether this can name a manifest: a tag or a digest.
func IsReference(reference string) bool { return IsTag(reference) || IsDigest(reference) }

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
