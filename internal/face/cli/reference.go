package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/config"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// referenceCmd prints the pages of docs that are made from the program.
func referenceCmd(f *ui.Face) *cobra.Command {
	pages := map[string]func(io.Writer, *cobra.Command){
		"commands":   commandsPage,
		"config":     func(w io.Writer, _ *cobra.Command) { fmt.Fprint(w, string(config.Reference(f.Kinds))) },
		"exit-codes": func(w io.Writer, _ *cobra.Command) { exitPage(w, Commands(f.Wiring)) },
	}
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "reference PAGE", Hidden: true, Args: ui.Exactly(1, "commands, config or exit-codes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			page, ok := pages[args[0]]
			if !ok {
				return fault.New(fault.Invalid, "no page %q", args[0])
			}
			page(f.Out, cmd.Root())
			return nil
		},
	}
	cmd.AddCommand(manCmd(f))
	return cmd
}

func commandsPage(w io.Writer, root *cobra.Command) {
	fmt.Fprint(w, "# Commands\n\nMade from the program by `make docs`.\n\nFlags of every command:\n\n")
	flagList(w, root.PersistentFlags())
	for _, c := range root.Commands() {
		commandSection(w, c, 2)
	}
}

func commandSection(w io.Writer, c *cobra.Command, level int) {
	if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
		return
	}
	fmt.Fprintf(w, "\n%s %s\n\n", strings.Repeat("#", level), strings.TrimPrefix(c.CommandPath(), "falkirk "))
	what := c.Long
	if what == "" {
		what = c.Short + "."
	}
	fmt.Fprintf(w, "%s\n", what)
	if c.Runnable() {
		fmt.Fprintf(w, "\n```\n%s\n```\n", c.UseLine())
	}
	if c.Example != "" {
		fmt.Fprintf(w, "\nFor example:\n\n```\n%s\n```\n", c.Example)
	}
	if c.LocalNonPersistentFlags().HasAvailableFlags() {
		fmt.Fprintln(w)
		flagList(w, c.LocalNonPersistentFlags())
	}
	for _, sub := range c.Commands() {
		commandSection(w, sub, level+1)
	}
}

func flagList(w io.Writer, flags *pflag.FlagSet) {
	flags.VisitAll(func(fl *pflag.Flag) {
		if fl.Hidden || fl.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(fl)
		name := "--" + fl.Name
		if value != "" {
			name += " " + value
		}
		if fl.Shorthand != "" {
			name = "-" + fl.Shorthand + ", " + name
		}
		fmt.Fprintf(w, "- `%s`: %s\n", name, usage)
	})
}
