package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// helpDocument is the help of a command under --output json.
type helpDocument struct {
	Help string `json:"help"`
}

// prepare makes every group of commands refuse a name that it does not have, and
// keeps help out of the way of the JSON document. It is done once, before root is
// executed; cobra itself shows help and succeeds.
func prepare(f *ui.Face, root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	show := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if !f.IsJSON() {
			show(c, args)
			return
		}
		f.Doc.Result = helpDocument{strings.TrimSpace(c.Long) + "\n\n" + c.UsageString()}
	})
	prepareGroups(root)
}

func prepareGroups(c *cobra.Command) {
	for _, sub := range c.Commands() {
		prepareGroups(sub)
	}
	switch {
	case c.HasSubCommands() && !c.Runnable():
		c.Args = knownCommand
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	case c.Name() == "help" && c.Parent() == c.Root():
		c.Args = func(c *cobra.Command, args []string) error {
			found, rest, _ := c.Root().Find(args)
			if !found.HasSubCommands() {
				return nil // what follows are arguments
			}
			return knownCommand(found, rest)
		}
	}
}

// knownCommand refuses a word after a group: it names none of its commands.
func knownCommand(group *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fault.New(fault.Invalid, "unknown command %q for %q", args[0], group.CommandPath())
	near := nearestCommand(group, args[0])
	if near == "" {
		return fault.Hint(err, "%s --help", group.CommandPath())
	}
	err = fault.New(fault.Invalid, "%w; did you mean %q?", err, near)
	return fault.Hint(err, "%s %s --help", group.CommandPath(), near)
}

// nearestCommand is the command of a group that a misspelt name most likely
// stands for, or "".
func nearestCommand(group *cobra.Command, name string) string {
	if group.SuggestionsMinimumDistance <= 0 {
		group.SuggestionsMinimumDistance = 2
	}
	for _, near := range group.SuggestionsFor(name) {
		return near
	}
	return ""
}
