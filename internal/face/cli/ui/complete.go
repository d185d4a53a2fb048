package ui

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// Completion reads the app file and the store; when it cannot, it offers
// nothing and says nothing.

// CompleteEnvironments offers the environments of the app file.
func (f *Face) CompleteEnvironments(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, e := range app.File.App.Environments {
		names = append(names, e.Name)
	}
	return StartingWith(names, begun), cobra.ShellCompDirectiveNoFileComp
}

// CompleteVersions offers the releases in the store.
func (f *Face) CompleteVersions(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
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
	return StartingWith(versions, begun), cobra.ShellCompDirectiveNoFileComp
}

// StartingWith are the words that begin as what was typed.
func StartingWith(all []string, begun string) []string {
	var out []string
	for _, s := range all {
		if strings.HasPrefix(s, begun) {
			out = append(out, s)
		}
	}
	return out
}

// CompleteWaiting offers the environments in which something waits, and the
// digests of what does.
func (f *Face) CompleteWaiting(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
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
	return StartingWith(all, begun), cobra.ShellCompDirectiveDefault // files may be saved plans
}

// CompleteAccounts offers the names of accounts.
func (f *Face) CompleteAccounts(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	all, err := f.ReachAccounts()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return StartingWith(all.Names, begun), cobra.ShellCompDirectiveNoFileComp
}

// CompleteComponents offers the names of components.
func (f *Face) CompleteComponents(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, c := range app.File.App.Components {
		names = append(names, c.Name)
	}
	return StartingWith(names, begun), cobra.ShellCompDirectiveNoFileComp
}

// CompleteRegions offers the names of regions.
func (f *Face) CompleteRegions(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	app, err := f.OpenApp(cmd.Context(), func(engine.Event) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, e := range app.File.App.Environments {
		for _, p := range e.Places {
			names = append(names, p.Region)
		}
	}
	slices.Sort(names)
	return StartingWith(slices.Compact(names), begun), cobra.ShellCompDirectiveNoFileComp
}

// CompleteSyncs offers the names of jobs.
func (f *Face) CompleteSyncs(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var found []string
	if path, err := f.Path(); err == nil {
		if file, err := config.Open(path, f.Kinds, f.Getenv); err == nil {
			for _, job := range file.App.Syncs {
				if strings.HasPrefix(job.Name, begun) && !slices.Contains(args, job.Name) {
					found = append(found, job.Name)
				}
			}
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// CompletePlaces offers the environments of the app file and the places on this machine.
func (f *Face) CompletePlaces(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	names, how := f.CompleteEnvironments(cmd, args, "")
	if f.app == nil {
		return nil, how
	}
	all, _ := f.app.Local.List(cmd.Context(), delivery.Scope{}) // completion says nothing of an error
	for _, p := range all {
		names = append(names, p.Place.String())
	}
	slices.Sort(names)
	return StartingWith(slices.Compact(names), begun), how
}

// PlaceThenComponent takes at least so many of both, in this order.
func PlaceThenComponent(least int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= 2 {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes one PLACE, and at most one COMPONENT", cmd.CommandPath()), "%s --help", cmd.CommandPath())
	}
}

// ScopeIn reads PLACE and COMPONENT.
func ScopeIn(args []string) delivery.Scope {
	args = append(slices.Clone(args), "", "")
	return delivery.Scope{Place: args[0], Component: args[1]}
}
