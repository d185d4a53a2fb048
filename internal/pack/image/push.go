package image

import (
	"encoding/json"
	"net"
	"strings"
)

// Builds is the registry and repository that the settings of a component have
// its image pushed to, "host/name", and whether that is without TLS, as on this
// machine; "" if it is pushed nowhere.
func Builds(settings json.RawMessage) (reference string, plain bool) {
	var s Settings
	if json.Unmarshal(settings, &s) != nil {
		return "", false // told where the settings are checked
	}
	host, _, _ := strings.Cut(s.Push, "/")
	return s.Push, isLoopback(host)
}

func isLoopback(registry string) bool {
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
