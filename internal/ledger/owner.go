package ledger

import "strings"

// Owner says whose record a key of a bucket belongs to: the environment that it
// is the ledger, the head, the snapshot or a lease of; "" where it is none of the
// app's, and for that of decisions about the whole app its own name.
func Owner(app string) func(key string) string {
	return func(key string) string {
		parts := strings.Split(key, "/")
		if len(parts) < 3 || parts[1] != app {
			return ""
		}
		switch parts[0] {
		case "ledger", "ledger-lease":
			return parts[2]
		case "ledger-head", "ledger-snapshot":
			return strings.TrimSuffix(parts[2], ".json")
		}
		return ""
	}
}
