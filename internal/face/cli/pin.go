package cli

import (
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"falkirk/internal/fault"
)

// fits refuses an app file that asks for another version of falkirk than this
// one. A build that is no release can be no match either; it is let through, and
// says so.
func (f *face) fits(pinned string) error {
	running := strings.TrimPrefix(f.Version.Version, "v")
	switch {
	case pinned == "" || pinned == running:
		return nil
	case !released(f.Version.Version):
		if !f.warned && !f.quiet {
			fprintf(f.Err, "falkirk: the app file asks for falkirk %s; this is a development build, %s\n", pinned, f.Version.Version)
		}
		f.warned = true
		return nil
	}
	err := fault.New(fault.Refused, "the app file asks for falkirk %s, and this is %s", pinned, running)
	return fault.Hint(err, "sh install.sh (it installs the version that falkirk.yml asks for), or change that line")
}

// released reports whether a version is that of a release: a tag of the
// repository, and a work tree without changes.
func released(version string) bool {
	return semver.IsValid(version) && !module.IsPseudoVersion(version) && semver.Build(version) == ""
}
