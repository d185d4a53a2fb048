package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/face/cli/ui"
)

// Command is one command of the command line and what it may change.
type Command struct {
	Path   string    // without the program: "image tag"
	Effect ui.Effect // "" where its definition says none
	Cases  []string  // the use cases that it asks for
	Codes  []int     // that it can end with; nil where it has no row in the table
	hidden bool
	Flags  []string
}

// flagsOf are the names of the flags of a command, with those of all commands.
func flagsOf(c *cobra.Command) []string {
	var all []string
	add := func(fl *pflag.Flag) { all = append(all, fl.Name) }
	c.LocalFlags().VisitAll(add)
	c.InheritedFlags().VisitAll(add)
	return all
}

// Commands lists every command that does something.
func Commands(w ui.Wiring) []Command {
	f := &ui.Face{Wiring: w}
	var all []Command
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		hidden := slices.ContainsFunc(w.Hidden, func(h ui.Hidden) bool { return h.Name == c.Name() })
		if c.Runnable() && !hidden {
			_, path, _ := strings.Cut(c.CommandPath(), " ")
			all = append(all, Command{path, ui.EffectOf(c), ui.CasesOf(c), codesOf(path), c.Hidden || c.HasParent() && c.Parent().Hidden, flagsOf(c)})
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(root(f))
	return all
}
