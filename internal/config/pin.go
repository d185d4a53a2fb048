package config

import (
	"regexp"
)

// pinLine is how install.sh finds the key as well: at the start of a line.
var pinLine = regexp.MustCompile(`(?m)^falkirk:[ \t]*["']?([0-9][0-9A-Za-z.+-]*)["']?[ \t]*(#.*)?\r?$`)

// Pinned is the version of falkirk that the app file at path asks for, or ""
// where it does not say so plainly or cannot be read. It looks at the text alone:
// a file for another version may hold what this one refuses.
func Pinned(path string) string {
	raw, err := read(path)
	if err != nil {
		return ""
	}
	if m := pinLine.FindSubmatch(raw); m != nil {
		return string(m[1])
	}
	return ""
}
