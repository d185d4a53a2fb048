package config

import (
	"falkirk/internal/fault"
	"regexp"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
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

// CheckPin refuses an app file that asks for another version of falkirk than the
// one that runs. A build that is no release can be no match either; it is let
// through, and development is true.
func CheckPin(pinned, running string) (development bool, err error) {
	number := strings.TrimPrefix(running, "v")
	switch {
	case pinned == "" || pinned == number:
		return false, nil
	case !isReleased(running):
		return true, nil
	}
	err = fault.New(fault.Refused, "the app file asks for falkirk %s, and this is %s", pinned, number)
	return false, fault.Hint(err, "sh install.sh (it installs the version that falkirk.yml asks for), or change that line")
}

// isReleased reports whether a version is that of a release: a tag of the
// repository, and a work tree without changes.
func isReleased(version string) bool {
	return semver.IsValid(version) && !module.IsPseudoVersion(version) && semver.Build(version) == ""
}
