package oci

import (
	"net"
	"regexp"
	"strings"
	"sync"
)

// Each shape is compiled once, and only by a command that asks for it.
var (
	repositoryShape = shape(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagShape        = shape(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	digestShape     = shape(`^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$`)
	hostShape       = shape(`^[A-Za-z0-9.-]+(:[0-9]{1,5})?$|^\[[0-9a-fA-F:]+\](:[0-9]{1,5})?$`)
)

func shape(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// IsRepository is the distribution specification's rule for names.
func IsRepository(name string) bool {
	return len(name) <= 255 && repositoryShape().MatchString(name)
}

// IsTag is the distribution specification's rule for tags.
func IsTag(tag string) bool {
	return tagShape().MatchString(tag)
}

// IsDigest is the image specification's rule for digests: an algorithm and what it
// gives.
func IsDigest(digest string) bool {
	return len(digest) <= 255 && digestShape().MatchString(digest)
}

// IsReference reports whether this can name a manifest: a tag or a digest.
func IsReference(reference string) bool { return IsTag(reference) || IsDigest(reference) }

// IsHost reports whether this can be a registry: a host, with its port perhaps.
func IsHost(host string) bool {
	return hostShape().MatchString(host)
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
