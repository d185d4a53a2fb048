package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Sid names a statement of an app in a policy that others write in, too. Two
// apps never have the same.
func Sid(app, purpose string) string { return mark(app) + purpose }

// Ours tells the Sids of an app from those of everybody else.
func Ours(app string) func(sid string) bool {
	return func(sid string) bool { return strings.HasPrefix(sid, mark(app)) }
}

// mark is how the Sids of an app begin. The hash tells apart apps whose names
// become the same letters, or the beginning of each other.
func mark(app string) string {
	return "falkirk" + Letters(app)
}

// Letters is a name in letters and digits that no other name becomes.
func Letters(name string) string {
	sum := sha256.Sum256([]byte(name))
	return camel(name) + hex.EncodeToString(sum[:3])
}

// camel is a name in letters and digits: "my-shop" becomes "MyShop".
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
