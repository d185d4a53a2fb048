package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
)

// Completion reads the app file and the store; when it cannot, it offers
// nothing and says nothing.

func (f *face) completeEnvironments(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.open(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	if len(args) == 1 && cmd.Name() == "logs" {
		for _, c := range app.File.App.Components {
			names = append(names, c.Name)
		}
		return startingWith(names, begun), cobra.ShellCompDirectiveNoFileComp
	}
	for _, e := range app.File.App.Environments {
		names = append(names, e.Name)
	}
	return startingWith(names, begun), cobra.ShellCompDirectiveNoFileComp
}

func (f *face) completeVersions(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.open(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := app.Releases.List(cmd.Context(), app.File.App.Name)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var versions []string
	for _, r := range all {
		versions = append(versions, r.Version)
	}
	return startingWith(versions, begun), cobra.ShellCompDirectiveNoFileComp
}

func startingWith(all []string, begun string) []string {
	var out []string
	for _, s := range all {
		if strings.HasPrefix(s, begun) {
			out = append(out, s)
		}
	}
	return out
}
