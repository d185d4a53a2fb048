package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

// Verbs names the commands that another way in may offer: those that read and
// change what is in the store and the places. It leaves out what concerns this
// machine, or the files of a work tree or of a user.
func Verbs(w Wiring) []string {
	f := &face{Wiring: w}
	var names []string
	for _, c := range f.root().Commands() {
		if c.Name() == "version" || offered(c) {
			names = append(names, c.Name())
		}
	}
	return names
}

func offered(c *cobra.Command) bool {
	return !c.Hidden && c.GroupID != "" && c.GroupID != "app" && !slices.Contains([]string{"pack", "apply", "local", "logs"}, c.Name())
}
