package image

import (
	"strings"
	"sync"
	"time"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

// PrintImage prints one image.
func PrintImage(f *ui.Face, i images.Image) {
	ui.Fprintf(f.Out, "%s\n  digest  %s\n  type    %s\n  size    %s in all\n", i.Reference, i.Digest, i.MediaType, ui.Size(i.Size))
	if i.Artifact != "" {
		ui.Fprintf(f.Out, "  kind    %s\n", i.Artifact)
	}
	for _, r := range i.Referrers {
		ui.Fprintf(f.Out, "  with    %s %s\n", r.Digest, r.Kind)
	}
	for _, p := range i.Platforms {
		ui.Fprintf(f.Out, "\n%s %s\n", p.Platform, p.Digest)
		for _, line := range [][2]string{
			{"created", createdText(p.Created)},
			{"runs", strings.Join(append(p.Entrypoint, p.Cmd...), " ")},
			{"user", p.User},
			{"ports", strings.Join(p.Ports, " ")},
		} {
			if line[1] != "" {
				ui.Fprintf(f.Out, "  %-7s %s\n", line[0], line[1])
			}
		}
		for _, l := range p.Layers {
			ui.Fprintf(f.Out, "  layer   %s %s%s\n", l.Digest, ui.Size(l.Size), strings.Join(append([]string{""}, l.URLs...), " at "))
		}
	}
}

func createdText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ui.Moment(t)
}

// PrintListed prints the tags of a repository.
func PrintListed(f *ui.Face, all []images.Listed) {
	if len(all) == 0 || all[0].Tag == "" {
		for _, one := range all {
			ui.Fprintln(f.Out, one.Repository)
		}
		return
	}
	rows := [][]string{{"TAG", "DIGEST", "PUSHED"}}
	for _, one := range all {
		rows = append(rows, []string{one.Tag, one.Digest, createdText(one.Pushed)})
	}
	ui.Table(f.Out, rows)
}

// PrintTagged prints which tags were set, or would be.
func PrintTagged(f *ui.Face, done []images.Tagged, dry bool) {
	changed := 0
	for _, d := range done {
		switch {
		case !d.Changed:
			continue
		case d.Was == "":
			ui.Fprintf(f.Out, "%s %s:%s on %s (%s)\n", f.Paint(ui.Green, "+"), d.Repository, d.Tag, ui.Short(d.Digest), d.From)
		default:
			ui.Fprintf(f.Out, "%s %s:%s on %s (%s), was %s\n", f.Paint(ui.Yellow, "~"), d.Repository, d.Tag, ui.Short(d.Digest), d.From, d.Was)
		}
		changed++
	}
	switch {
	case changed == 0:
		ui.Fprintln(f.Out, "nothing to do: the tags are there")
	case dry:
		ui.Fprintf(f.Out, "nothing was written: %s would be\n", ui.Count(changed, "tag"))
	default:
		ui.Fprintf(f.Out, "%s %s of %d\n", f.Paint(ui.Green, "done:"), ui.Count(changed, "tag"), len(done))
	}
}

// PrintCopied prints what a copy came to.
func PrintCopied(f *ui.Face, c images.Copied) {
	if c.Manifests == 0 {
		ui.Fprintf(f.Out, "nothing to do: %s is on %s\n", c.To, c.Digest)
		return
	}
	ui.Fprintf(f.Out, "%s %s is on %s: %s sent (%s), %d mounted, %s written\n", f.Paint(ui.Green, "done:"), c.To, c.Digest,
		ui.Count(c.Uploaded, "blob"), ui.Size(c.Bytes), c.Mounted, ui.Count(c.Manifests, "manifest"))
}

// copyProgress prints a line now and then.
func copyProgress(f *ui.Face) func(usecase.Event) {
	var mu sync.Mutex
	last := time.Now()
	return func(ev usecase.Event) {
		if ev.Copying == nil {
			f.Heard(ev)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if f.IsJSON() || f.Quiet || time.Since(last) < time.Second {
			return
		}
		ui.Fprintf(f.Err, "[copy] %s of %s\n", ui.Size(ev.Copying.Done), ui.Size(ev.Copying.Total))
		last = time.Now()
	}
}
