package image

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/regular"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/image"
)

// syncFlags are those of falkirk sync.
type syncFlags struct {
	imagesync.Settings

	query image.SyncQuery
	keys  []string // files
	alone bool
	last  bool
	every time.Duration
}

// SyncCmd is the command sync.
func SyncCmd(f *ui.Face) *cobra.Command {
	g := &syncFlags{Settings: imagesync.Defaults()}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Image.Sync.Entry(), f.Image.LastSync.Entry()),
		Use:         "sync [NAME...]",
		Short:       "Keep images of one registry also in another",
		Long: `Copies what is chosen at the source and is missing at the destination, or has moved:
by digest, with all platforms and signatures, straight from registry to registry.
A tag is written when all that it leads to has arrived. Nothing that is there is
sent again, so an interrupted sync is finished by the next.

The jobs are those under sync in the app file, those of a file of their own
(--jobs; k9's ecr-sync-values.yml is one), or one that the flags say.`,
		Example: `  falkirk sync --dry-run
  falkirk sync --jobs ecr-sync-values.yml
  falkirk sync --source 111122223333.dkr.ecr.eu-west-1.amazonaws.com --destination ecr:eu-west-1 --repository 'shop/*' --tag test`,
		GroupID: "images", ValidArgsFunction: f.CompleteSyncs,
		RunE: func(cmd *cobra.Command, args []string) error { return runSync(f, cmd, g, args) },
	}
	registerSync(f, cmd, g)
	return cmd
}

func registerSync(f *ui.Face, cmd *cobra.Command, g *syncFlags) {
	p := cmd.Flags()
	p.StringVar(&f.JobsFile, "jobs", "", "a file of jobs, in place of those in the app file")
	p.StringVar(&g.Source, "source", "", "registry that images come from: HOST[/PREFIX]; ecr:REGION is one's own ECR")
	p.StringVar(&g.Destination, "destination", "", "registry that images go to: HOST[/PREFIX] or ecr:REGION")
	p.StringSliceVar(&g.Repositories, "repository", nil, "repository, or a pattern with * and ** (may be repeated)")
	p.StringSliceVar(&g.Tags, "tag", nil, "tag, or a pattern with * (may be repeated; default: test)")
	p.StringVar(&g.TagRegex, "tag-regex", "", "tags that match this regular expression, too")
	p.StringVar(&g.Semver, "semver", "", "tags that are versions in this range, too: '>=1.2 <2'")
	p.IntVar(&g.Newest, "newest", 0, "only so many of the chosen tags of each repository")
	p.StringSliceVar(&g.Platforms, "platform", nil, "narrow indexes to this platform (may be repeated)")
	p.BoolVar(&g.alone, "no-referrers", false, "leave signatures and attestations where they are")
	p.BoolVar(&g.DeleteMissing, "delete-missing", false, "remove chosen tags that the source no longer has")
	p.IntVar(&g.DeleteLimit, "delete-limit", g.DeleteLimit, "remove nothing where it would be more tags")
	p.StringSliceVar(&g.keys, "key", nil, "file of a public key that must have signed every image (may be repeated)")
	p.StringVar(&g.Account, "account", "", "account of the app file whose roles do it")
	p.BoolVar(&g.Insecure, "insecure", false, "HTTP without TLS, on this machine only")
	p.StringVar(&g.query.Only, "only", "", "nothing but this REPOSITORY or REPOSITORY:TAG")
	p.BoolVar(&g.query.DryRun, "dry-run", false, "say what would be copied, and how many bytes; copy nothing")
	p.BoolVar(&g.query.Require, "require", false, "fail when a pattern matches nothing at the source; without it that is a warning")
	p.BoolVar(&g.last, "last", false, "show what the last run of each job came to, and by whom; run nothing")
	p.DurationVar(&g.every, "every", 0, "do it again and again, so long after the last one's end")
}

// syncQuery is what the flags and arguments mean together.
func syncQuery(f *ui.Face, g *syncFlags, names []string) (image.SyncQuery, error) {
	q := g.query
	q.Names = names
	if g.every > 0 && f.IsJSON() {
		return q, fault.New(fault.Invalid, "--every has no end, and --output json is one document")
	}
	byFlags := g.Source != "" || g.Destination != "" || len(g.Repositories) > 0
	switch {
	case byFlags && (f.JobsFile != "" || len(names) > 0):
		return q, fault.New(fault.Invalid, "a job is named, or said by --source, --destination and --repository; not both")
	case byFlags && g.last:
		return q, fault.New(fault.Invalid, "results are kept for jobs of the app file, in its store")
	case byFlags:
		job, err := g.job()
		q.Job = &job
		return q, err
	case len(g.Tags)+len(g.Platforms)+len(g.keys)+g.Newest > 0 || g.TagRegex != "" || g.Semver != "" || g.alone || g.DeleteMissing:
		return q, fault.Hint(fault.New(fault.Invalid, "what is chosen is in the job"), "--only REPOSITORY:TAG narrows a job; --source, --destination and --repository say another one")
	}
	return q, nil
}

// job is the job that the flags say, with the texts of the keys.
func (g *syncFlags) job() (image.Job, error) {
	s := g.Settings
	s.Referrers, s.Verify.Keys = !g.alone, g.keys
	s, err := s.WithKeys(func(file string) ([]byte, error) { return regular.Read(file, file, imagesync.MostKeys) })
	return image.Job{Settings: s}, err
}

func runSync(f *ui.Face, cmd *cobra.Command, g *syncFlags, names []string) error {
	q, err := syncQuery(f, g, names)
	if err != nil {
		return err
	}
	if g.last {
		return lastSyncs(f, cmd.Context(), image.LastSyncQuery{Names: names})
	}
	p := &syncProgress{f: f}
	c := f.CallWith(p.hear)
	for begun := false; ; begun = true {
		results, err := usecase.Do(cmd.Context(), c, f.Image.Sync, q)
		p.close()
		keepResults(f, results)
		if g.every <= 0 || err != nil && results == nil && !begun {
			return err
		}
		if err != nil && cmd.Context().Err() == nil {
			f.Tell(err) // the next round may do better
		}
		next := time.NewTimer(g.every)
		select {
		case <-next.C:
		case <-cmd.Context().Done():
			next.Stop()
			return err // nil between two rounds: it was asked to end, and nothing is open
		}
	}
}

// keepResults puts results into the document, with their warnings.
func keepResults(f *ui.Face, results image.SyncResult) {
	if results == nil {
		return // it was refused before any job began
	}
	f.Doc.Result = results
	for _, r := range results {
		for _, u := range r.Unmatched {
			f.Doc.Warnings = append(f.Doc.Warnings, ui.Sprintf("%s: nothing at %s matches %s", r.Name, r.Source, u))
		}
	}
}

// lastSyncs shows what was kept of the last runs.
func lastSyncs(f *ui.Face, ctx context.Context, q image.LastSyncQuery) error {
	results, err := usecase.Do(ctx, f.Call(), f.Image.LastSync, q)
	if err != nil {
		return err
	}
	f.Doc.Result = results
	return f.Text(func() {
		for _, r := range results {
			ui.Fprintf(f.Out, "%s: %s by %s, from %s to %s\n", r.Name, ui.Moment(r.Began), ui.OrDash(r.By), r.Source, r.Destination)
			for _, i := range r.Items {
				ui.Fprintf(f.Out, "  %s\n", syncLine(f, i, true))
			}
			PrintSync(f, r)
			if r.Error != "" {
				ui.Fprintf(f.Out, "%s %s\n", f.Paint(ui.Red, "failed:"), r.Error)
			}
		}
	})
}

// PrintSync is the summary of one job.
func PrintSync(f *ui.Face, r *imagesync.Result) {
	well := r.Error == ""
	for _, i := range r.Items {
		if r.DryRun || i.State == imagesync.Gone {
			ui.Fprintln(f.Out, syncLine(f, i, r.DryRun))
		}
	}
	for _, u := range r.Unmatched {
		ui.Fprintf(f.Out, "%s %s: nothing at %s matches %s\n", f.Paint(ui.Yellow, "warning:"), r.Name, r.Source, u)
	}
	counts := r.Counts
	lines := ui.Sprintf("%s: %s: %d the same, %d new, %d moved", r.Name, ui.Count(r.Tags, "tag"), counts[imagesync.Same], counts[imagesync.Absent], counts[imagesync.Moved])
	for _, s := range []imagesync.State{imagesync.Gone, imagesync.Removed, imagesync.Kept, imagesync.Refused, imagesync.Failed} {
		if counts[s] > 0 {
			lines += ui.Sprintf(", %d %s", counts[s], s)
		}
	}
	switch {
	case r.DryRun:
		ui.Fprintf(f.Out, "%s; nothing was copied: %s would be sent, %s\n", lines, ui.Count(r.Uploaded, "blob"), ui.Size(r.Bytes))
	case well && r.Manifests == 0 && counts[imagesync.Removed] == 0:
		ui.Fprintf(f.Out, "%s; nothing to do (%s)\n", lines, ui.Took(ui.Seconds(r.Seconds)))
	case well:
		ui.Fprintf(f.Out, "%s %s; %s sent (%s), %d mounted, %s written (%s)\n", f.Paint(ui.Green, "done:"), lines,
			ui.Count(r.Uploaded, "blob"), ui.Size(r.Bytes), r.Mounted, ui.Count(r.Manifests, "manifest"), ui.Took(ui.Seconds(r.Seconds)))
	default:
		ui.Fprintf(f.Out, "%s; %s sent (%s) (%s)\n", lines, ui.Count(r.Uploaded, "blob"), ui.Size(r.Bytes), ui.Took(ui.Seconds(r.Seconds)))
	}
}
