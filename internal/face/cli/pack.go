package cli

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

func (f *face) packCmd() *cobra.Command {
	var q release.PackQuery
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Pack.Entry()),
		Use:         "pack [--version VERSION]",
		Short:       "Turn the components into one immutable release",
		Long: `Packs every component into an artifact addressed by its digest, and writes the
release manifest. The same input gives the same bytes. A version that is taken by
other content is refused; the same content again changes nothing.

Without --version the version comes from git: the tag, or tag-distance-gcommit,
with -dirty when the work tree has changes. version.tags in the app file says which
tags count; docs/versions.md says the rest.`,
		Args: exactly(0, "no arguments"), GroupID: "life",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.pack(cmd.Context(), q) },
	}
	cmd.Flags().StringVar(&q.Version, "version", "", "the version of the release")
	cmd.Flags().BoolVar(&q.DryRun, "dry-run", false, "print what would be packed and write nothing")
	return cmd
}

func (f *face) pack(ctx context.Context, q release.PackQuery) error {
	packed, err := usecase.Do(ctx, f.callWith(f.packProgress()), f.Release.Pack, q)
	if err != nil {
		return err
	}
	f.doc.Result = packed
	return f.text(func() {
		f.printLeftOut(packed.LeftOut)
		f.printRelease(packed.Release)
		switch {
		case q.DryRun:
			fprintf(f.Out, "nothing was written; the store lacks %s of this\n", size(packed.Bytes))
		case packed.Added:
			fprintf(f.Out, "%s packed %s %s\n", f.paint(green, "done:"), packed.Release.App, packed.Release.Version)
		case packed.Healed > 0:
			fprintf(f.Out, "%s %s written again; %s was packed with this content at %s by %s\n", f.paint(green, "done:"),
				fault.Count(packed.Healed, "damaged blob is", "damaged blobs are"), packed.Release.Version, moment(packed.Release.PackedAt), packed.Release.PackedBy)
		default:
			fprintf(f.Out, "nothing to do: %s was packed with this content at %s by %s\n",
				packed.Release.Version, moment(packed.Release.PackedAt), packed.Release.PackedBy)
		}
	})
}

// mostLeftOut is how many paths a line names; JSON has all of them.
const mostLeftOut = 10

// printLeftOut prints a line for each component and reason.
func (f *face) printLeftOut(all []usecase.LeftOut) {
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
			paths = append(paths, sprintf("and %d more", n-mostLeftOut))
		}
		fprintf(f.Err, "left out: %s: %s (%s)\n", all[0].Component, strings.Join(paths, ", "), all[0].Why)
		all = all[n:]
	}
}

// packProgress prints warnings, and a line per component now and then.
func (f *face) packProgress() func(usecase.Event) {
	var mu sync.Mutex
	last := map[string]time.Time{}
	return func(ev usecase.Event) {
		mu.Lock()
		defer mu.Unlock()
		if ev.Warning != "" { // about the version
			f.doc.Warnings = append(f.doc.Warnings, ev.Warning)
			if !f.isJSON() {
				fprintf(f.Err, "%s %s\n", f.paint(yellow, "warning:"), quote.Line(ev.Warning))
			}
			return
		}
		if ev.Packing == nil {
			f.heard(ev)
			return
		}
		component, p := ev.Component, *ev.Packing
		if p.Unit == delivery.UnitWarning {
			f.doc.Warnings = append(f.doc.Warnings, component+": "+p.Note)
			if !f.isJSON() {
				fprintf(f.Err, "warning: %s: %s\n", component, p.Note)
			}
			return
		}
		if f.isJSON() || f.quiet || time.Since(last[component]) < time.Second {
			return
		}
		if _, seen := last[component]; seen {
			fprintf(f.Err, "[pack] %s:%s\n", component, share(p))
		}
		last[component] = time.Now()
	}
}

func (f *face) releasesCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: asks(f.Release.List.Entry(), f.Release.Show.Entry()),
		Use:         "releases [VERSION]", Short: "List the releases that were packed, or show one",
		Args: atMostOne("VERSION"), GroupID: "see", ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				r, err := usecase.Do(cmd.Context(), f.call(), f.Release.Show, release.ShowQuery{Version: args[0]})
				if err != nil {
					return err
				}
				f.doc.Result = r
				return f.text(func() { f.printOne(r) })
			}
			all, err := usecase.Do(cmd.Context(), f.call(), f.Release.List, release.ListQuery{})
			if err != nil {
				return err
			}
			f.doc.Result = all
			return f.text(func() { f.printReleases(all) })
		},
	}
}

func (f *face) printOne(r delivery.Release) {
	fprintf(f.Out, "%s %s, packed %s by %s with falkirk %s%s\n\n", r.App, r.Version, moment(r.PackedAt), r.PackedBy, r.Tool, commitNote(r.Source))
	f.printRelease(r)
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

func (f *face) printReleases(all []delivery.Release) {
	if len(all) == 0 {
		fprintln(f.Out, "no release has been packed yet: falkirk pack")
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
		rows = append(rows, []string{r.Version, moment(r.PackedAt), r.PackedBy, size(total), commit})
	}
	table(f.Out, rows)
}
