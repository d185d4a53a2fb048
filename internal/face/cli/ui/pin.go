package ui

import "falkirk/internal/config"

// fits refuses an app file that asks for another version of falkirk than this
// one. A development build says so once, and goes on.
func (f *Face) fits(pinned string) error {
	development, err := config.CheckPin(pinned, f.Version.Version)
	if development && !f.warned && !f.Quiet {
		Fprintf(f.Err, "falkirk: the app file asks for falkirk %s; this is a development build, %s\n", pinned, f.Version.Version)
	}
	f.warned = f.warned || development
	return err
}
