package fault

import (
	"regexp"
	"strings"
)

// address finds the addresses of the web in a text.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s"'<>|` + "`" + `]+`)

// form stands in hints for a user and a password: it is no secret.
const form = "USER:PASSWORD"

// CleanAddresses drops the user, the query and the fragment of every web address
// in a text: signatures and tokens are there.
func CleanAddresses(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return address.ReplaceAllStringFunc(text, cleanAddress)
}

func cleanAddress(at string) string {
	scheme, rest, _ := strings.Cut(at, "://")
	end := strings.IndexAny(rest, "?#")
	query := end >= 0 && end < len(rest)-1
	tail := ""
	if query {
		// The sentence around the address goes on after it.
		tail = rest[len(strings.TrimRight(rest, ".,:;)]}")):]
		rest = rest[:end]
	}
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 && host[:i] != form {
		rest = rest[i+1:]
	}
	if query {
		rest += "?…" + tail
	}
	return scheme + "://" + rest
}
