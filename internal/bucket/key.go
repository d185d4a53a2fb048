package bucket

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"falkirk/internal/fault"
)

// The longest key, and the longest part of one, that every backend can hold.
const (
	maxKey  = 1024
	maxPart = 255
)

// CheckKey refuses what is no key.
func CheckKey(key string) error {
	if why := flaw(key); why != "" {
		return fault.New(fault.Invalid, "%.80q is not a key of a bucket: %s", key, why)
	}
	return nil
}

func flaw(key string) string {
	switch {
	case key == "":
		return "it is empty"
	case len(key) > maxKey:
		return "it is too long"
	case !utf8.ValidString(key):
		return "it is not UTF-8"
	case strings.Contains(key, `\`):
		return "it has a backslash"
	case strings.ContainsFunc(key, unicode.IsControl):
		return "it has a control character"
	}
	for part := range strings.SplitSeq(key, "/") {
		switch {
		case part == "":
			return "it has an empty part"
		case part == "." || part == "..":
			return "it has the part " + part
		case len(part) > maxPart:
			return "it has a part that is too long"
		}
	}
	return ""
}
