package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
)

// SyncRequest says which jobs are meant: those of an app file, those of a file
// of their own, or one from the command line.
type SyncRequest struct {
	App    string   // path of the app file; "" if there is none
	Jobs   string   // path of a file of jobs; "" if there is none
	Names  []string // only these; all if empty
	Flags  *imagesync.Settings
	Only   string // repository, or repository:tag
	DryRun bool
	People *engine.Decisions // what people decided; nil where there is no app

	Require bool // a pattern that matches nothing is a failure
}

// Syncs are the jobs, opened.
type Syncs struct {
	Falkirk string              // the version that the app file pins
	Redact  func(string) string // takes secrets out of a text
	Names   []string            // of all jobs that there are
	Jobs    []SyncJob
}

// SyncJob is one job.
type SyncJob struct {
	Name string
	Run  func(ctx context.Context, report func(imagesync.Event)) (*imagesync.Result, error)
	Last func(ctx context.Context) (*imagesync.Result, error) // what the last run came to; nil where nobody keeps that
}

// syncFlags are those of falkirk sync.
type syncFlags struct {
	imagesync.Settings

	jobs, only    string
	keys          []string
	alone, dryRun bool
	require       bool
	last          bool
	every         time.Duration
}

func (f *face) syncCmd() *cobra.Command {
	g := &syncFlags{Settings: imagesync.Defaults()}
	cmd := &cobra.Command{
		Annotations: does(EffectWrites, "dry-run", "last"),
		Use:         "sync [NAME...]",
		Short:       "Keep images of one registry also in another",
		Long: `Copies what is chosen at the source and lacks at the destination, or has moved:
by digest, with all platforms and signatures, straight from registry to registry.
A tag is written when all that it leads to has arrived. Nothing that is there is
sent again, so an interrupted sync is finished by the next.

The jobs are those under sync in the app file, those of a file of their own
(--jobs; k9's ecr-sync-values.yml is one), or one that the flags say.`,
		Example: `  falkirk sync --dry-run
  falkirk sync --jobs ecr-sync-values.yml
  falkirk sync --source 111122223333.dkr.ecr.eu-west-1.amazonaws.com --destination ecr:eu-west-1 --repository 'shop/*' --tag test`,
		GroupID: "images", ValidArgsFunction: f.completeSyncs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.sync(cmd, g, args) },
	}
	g.register(cmd)
	return cmd
}

func (g *syncFlags) register(cmd *cobra.Command) {
	p := cmd.Flags()
	p.StringVar(&g.jobs, "jobs", "", "a file of jobs, in place of those in the app file")
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
	p.StringVar(&g.only, "only", "", "nothing but this REPOSITORY or REPOSITORY:TAG")
	p.BoolVar(&g.dryRun, "dry-run", false, "say what would be copied, and how many bytes; copy nothing")
	p.BoolVar(&g.require, "require", false, "fail when a pattern matches nothing at the source; without it that is a warning")
	p.BoolVar(&g.last, "last", false, "show what the last run of each job came to, and by whom; run nothing")
	p.DurationVar(&g.every, "every", 0, "do it again and again, so long after the last one's end")
}

// request is what the flags and arguments mean together.
func (f *face) syncRequest(g *syncFlags, names []string) (SyncRequest, error) {
	r := SyncRequest{Jobs: g.jobs, Names: names, Only: g.only, DryRun: g.dryRun, Require: g.require}
	if g.every > 0 && f.isJSON() {
		return r, fault.New(fault.Invalid, "--every has no end, and --output json is one document")
	}
	byFlags := g.Source != "" || g.Destination != "" || len(g.Repositories) > 0
	switch {
	case byFlags && (g.jobs != "" || len(names) > 0):
		return r, fault.New(fault.Invalid, "a job is named, or said by --source, --destination and --repository; not both")
	case byFlags:
		g.Referrers, g.Verify.Keys = !g.alone, g.keys
		r.Flags = &g.Settings
	case len(g.Tags)+len(g.Platforms)+len(g.keys)+g.Newest > 0 || g.TagRegex != "" || g.Semver != "" || g.alone || g.DeleteMissing:
		return r, fault.Hint(fault.New(fault.Invalid, "what is chosen stands in the job"), "--only REPOSITORY:TAG narrows a job; --source, --destination and --repository say another one")
	}
	if r.Jobs == "" && (r.Flags == nil || r.Flags.Account != "") || f.file != "" {
		var err error
		if r.App, err = f.path(); err != nil {
			return r, fault.Hint(err, "falkirk init makes an app file; --jobs FILE or --source need none")
		}
		return r, f.fits(config.Pinned(r.App))
	}
	return r, nil
}

func (f *face) sync(cmd *cobra.Command, g *syncFlags, names []string) error {
	r, err := f.syncRequest(g, names)
	if err != nil {
		return err
	}
	r.People = f.people
	all, err := f.Sync(r)
	if err != nil {
		return err
	}
	f.hide(all.Redact)
	if err := f.fits(all.Falkirk); err != nil {
		return err
	}
	if g.last {
		return f.lastSyncs(cmd.Context(), all.Jobs)
	}
	for {
		results, err := f.syncOnce(cmd.Context(), all.Jobs)
		f.doc.Result = results
		if g.every <= 0 {
			return err
		}
		if err != nil && cmd.Context().Err() == nil {
			f.tell(err) // the next round may do better
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

// syncOnce does the jobs one after another; one that fails holds no other up.
func (f *face) syncOnce(ctx context.Context, jobs []SyncJob) ([]*imagesync.Result, error) {
	results := []*imagesync.Result{}
	var errs []error
	for _, j := range jobs {
		p := f.syncProgress(j.Name)
		result, err := j.Run(ctx, p.hear)
		p.close()
		if result != nil {
			results = append(results, result)
			for _, u := range result.Unmatched {
				f.doc.Warnings = append(f.doc.Warnings, sprintf("%s: nothing at %s matches %s", result.Name, result.Source, u))
			}
			if !f.isJSON() {
				f.printSync(result, err == nil)
			}
		}
		errs = append(errs, err)
	}
	return results, joined(errs)
}

// lastSyncs shows what was kept of the last runs.
func (f *face) lastSyncs(ctx context.Context, jobs []SyncJob) error {
	results := []*imagesync.Result{}
	for _, j := range jobs {
		if j.Last == nil {
			return fault.New(fault.Invalid, "results are kept for jobs of the app file, in its store")
		}
		r, err := j.Last(ctx)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	f.doc.Result = results
	return f.text(func() {
		for _, r := range results {
			fprintf(f.Out, "%s: %s by %s, from %s to %s\n", r.Name, moment(r.Began), orDash(r.By), r.Source, r.Destination)
			for _, i := range r.Items {
				fprintf(f.Out, "  %s\n", f.syncLine(i, true))
			}
			f.printSync(r, r.Error == "")
			if r.Error != "" {
				fprintf(f.Out, "%s %s\n", f.paint(red, "failed:"), r.Error)
			}
		}
	})
}

// joined is the one error that there is, or all of them under the kind of the
// first.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	return fault.Hint(fault.New(fault.KindOf(errs[0]), "%d jobs failed: %w", len(errs), errors.Join(errs...)), "%s", fault.HintOf(errs[0]))
}

// completeSyncs offers the names of jobs.
func (f *face) completeSyncs(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var found []string
	if path, err := f.path(); err == nil {
		if all, err := f.Sync(SyncRequest{App: path}); err == nil {
			for _, name := range all.Names {
				if strings.HasPrefix(name, begun) && !slices.Contains(args, name) {
					found = append(found, name)
				}
			}
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// printSync is the summary of one job.
func (f *face) printSync(r *imagesync.Result, well bool) {
	for _, i := range r.Items {
		if r.DryRun || i.State == imagesync.Gone {
			fprintln(f.Out, f.syncLine(i, r.DryRun))
		}
	}
	for _, u := range r.Unmatched {
		fprintf(f.Out, "%s %s: nothing at %s matches %s\n", f.paint(yellow, "warning:"), r.Name, r.Source, u)
	}
	counts := r.Counts
	lines := sprintf("%s: %s: %d the same, %d new, %d moved", r.Name, count(r.Tags, "tag"), counts[imagesync.Same], counts[imagesync.Absent], counts[imagesync.Moved])
	for _, s := range []imagesync.State{imagesync.Gone, imagesync.Removed, imagesync.Kept, imagesync.Refused, imagesync.Failed} {
		if counts[s] > 0 {
			lines += sprintf(", %d %s", counts[s], s)
		}
	}
	switch {
	case r.DryRun:
		fprintf(f.Out, "%s; nothing was copied: %s would be sent, %s\n", lines, count(r.Uploaded, "blob"), size(r.Bytes))
	case well && r.Manifests == 0 && counts[imagesync.Removed] == 0:
		fprintf(f.Out, "%s; nothing to do (%s)\n", lines, took(seconds(r.Seconds)))
	case well:
		fprintf(f.Out, "%s %s; %s sent (%s), %d mounted, %s written (%s)\n", f.paint(green, "done:"), lines,
			count(r.Uploaded, "blob"), size(r.Bytes), r.Mounted, count(r.Manifests, "manifest"), took(seconds(r.Seconds)))
	default:
		fprintf(f.Out, "%s; %s sent (%s) (%s)\n", lines, count(r.Uploaded, "blob"), size(r.Bytes), took(seconds(r.Seconds)))
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
