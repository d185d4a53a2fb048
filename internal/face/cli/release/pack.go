package release

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// PackCmd is the command pack.
func PackCmd(f *ui.Face) *cobra.Command {
	var q release.PackQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Pack.Entry()),
		Use:         "pack [--version VERSION]",
		Short:       "Turn the components into one immutable release",
		Long: `Packs every component into an artifact addressed by its digest, and writes the
release manifest. The same input gives the same bytes. A version that is taken by
other content is refused; the same content again changes nothing.

Without --version the version comes from git: the tag, or tag-distance-gcommit,
with -dirty when the work tree has changes. version.tags in the app file says which
tags count; docs/versions.md says the rest.`,
		Args: ui.Exactly(0, "no arguments"), GroupID: "life",
		RunE: func(cmd *cobra.Command, _ []string) error { return pack(f, cmd.Context(), q) },
	}
	cmd.Flags().StringVar(&q.Version, "version", "", "the version of the release")
	cmd.Flags().BoolVar(&q.DryRun, "dry-run", false, "print what would be packed and write nothing")
	return cmd
}

func pack(f *ui.Face, ctx context.Context, q release.PackQuery) error {
	packed, err := usecase.Do(ctx, f.CallWith(packProgress(f)), f.Release.Pack, q)
	if err != nil {
		return err
	}
	f.Doc.Result = packed
	return f.Text(func() {
		printLeftOut(f, packed.LeftOut)
		f.PrintRelease(packed.Release)
		switch {
		case q.DryRun:
			ui.Fprintf(f.Out, "nothing was written; the store lacks %s of this\n", ui.Size(packed.Bytes))
		case packed.Added:
			ui.Fprintf(f.Out, "%s packed %s %s\n", f.Paint(ui.Green, "done:"), packed.Release.App, packed.Release.Version)
		case packed.Healed > 0:
			ui.Fprintf(f.Out, "%s %s written again; %s was packed with this content at %s by %s\n", f.Paint(ui.Green, "done:"),
				fault.Count(packed.Healed, "damaged blob is", "damaged blobs are"), packed.Release.Version, ui.Moment(packed.Release.PackedAt), packed.Release.PackedBy)
		default:
			ui.Fprintf(f.Out, "nothing to do: %s was packed with this content at %s by %s\n",
				packed.Release.Version, ui.Moment(packed.Release.PackedAt), packed.Release.PackedBy)
		}
	})
}

// mostLeftOut is how many paths a line names; JSON has all of them.
const mostLeftOut = 10

// printLeftOut prints a line for each component and reason.
func printLeftOut(f *ui.Face, all []usecase.LeftOut) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Component == all[0].Component && all[n].Why == all[0].Why {
			n++
		}
		var paths []string
		for _, l := range all[:min(n, mostLeftOut)] {
			paths = append(paths, quote.Line(l.Path))
		}
		if n > mostLeftOut {
			paths = append(paths, ui.Sprintf("and %d more", n-mostLeftOut))
		}
		ui.Fprintf(f.Err, "left out: %s: %s (%s)\n", all[0].Component, strings.Join(paths, ", "), all[0].Why)
		all = all[n:]
	}
}

// packProgress prints warnings, and a line per component now and then.
func packProgress(f *ui.Face) func(usecase.Event) {
	var mu sync.Mutex
	last := map[string]time.Time{}
	return func(ev usecase.Event) {
		mu.Lock()
		defer mu.Unlock()
		if ev.Warning != "" { // about the version
			f.Doc.Warnings = append(f.Doc.Warnings, ev.Warning)
			if !f.IsJSON() {
				ui.Fprintf(f.Err, "%s %s\n", f.Paint(ui.Yellow, "warning:"), quote.Line(ev.Warning))
			}
			return
		}
		if ev.Packing == nil {
			f.Heard(ev)
			return
		}
		component, p := ev.Component, *ev.Packing
		if p.Unit == delivery.UnitWarning {
			f.Doc.Warnings = append(f.Doc.Warnings, component+": "+p.Note)
			if !f.IsJSON() {
				ui.Fprintf(f.Err, "warning: %s: %s\n", component, p.Note)
			}
			return
		}
		if f.IsJSON() || f.Quiet || time.Since(last[component]) < time.Second {
			return
		}
		if _, seen := last[component]; seen {
			ui.Fprintf(f.Err, "[pack] %s:%s\n", component, ui.Share(p))
		}
		last[component] = time.Now()
	}
}

// ReleasesCmd is the command releases.
func ReleasesCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(f.Release.List.Entry(), f.Release.Show.Entry()),
		Use:         "releases [VERSION]", Short: "List the releases that were packed, or show one",
		Args: ui.AtMostOne("VERSION"), GroupID: "see", ValidArgsFunction: f.CompleteVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				r, err := usecase.Do(cmd.Context(), f.Call(), f.Release.Show, release.ShowQuery{Version: args[0]})
				if err != nil {
					return err
				}
				f.Doc.Result = r
				return f.Text(func() { PrintOne(f, r) })
			}
			all, err := usecase.Do(cmd.Context(), f.Call(), f.Release.List, release.ListQuery{})
			if err != nil {
				return err
			}
			f.Doc.Result = all
			return f.Text(func() { PrintReleases(f, all) })
		},
	}
}

// PrintOne prints one release.
func PrintOne(f *ui.Face, r delivery.Release) {
	ui.Fprintf(f.Out, "%s %s, packed %s by %s with falkirk %s%s\n\n", r.App, r.Version, ui.Moment(r.PackedAt), r.PackedBy, r.Tool, commitNote(r.Source))
	f.PrintRelease(r)
}

func commitNote(s delivery.Source) string {
	switch {
	case s.Commit == "":
		return ""
	case s.Dirty:
		return ", from " + s.Commit + " with changes"
	default:
		return ", from " + s.Commit
	}
}

// PrintReleases prints a table of releases.
func PrintReleases(f *ui.Face, all []delivery.Release) {
	if len(all) == 0 {
		ui.Fprintln(f.Out, "no release has been packed yet: falkirk pack")
		return
	}
	rows := [][]string{{"VERSION", "PACKED", "BY", "SIZE", "COMMIT"}}
	for _, r := range all {
		var total int64
		for _, a := range r.Artifacts {
			total += a.Size
		}
		commit := r.Source.Commit
		if r.Source.Dirty {
			commit += " (dirty)"
		}
		rows = append(rows, []string{r.Version, ui.Moment(r.PackedAt), r.PackedBy, ui.Size(total), commit})
	}
	ui.Table(f.Out, rows)
}
