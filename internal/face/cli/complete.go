package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// Completion reads the app file and the store; when it cannot, it offers
// nothing and says nothing.

func (f *face) completeEnvironments(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.open(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
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

// completeWaiting offers the environments in which something waits, and the
// digests of what does.
func (f *face) completeWaiting(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.open(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var all []string
	for _, env := range app.File.App.Environments {
		rec, err := app.Engine.Ledger(env.Name).Read(cmd.Context(), delivery.Record{})
		if err != nil || len(rec.Waiting) == 0 {
			continue
		}
		all = append(all, env.Name)
		for _, p := range rec.Waiting {
			all = append(all, p.Plan)
		}
	}
	return startingWith(all, begun), cobra.ShellCompDirectiveDefault // files may be saved plans
}
