package cli

import (
	"strings"
	"sync"
	"time"

	"falkirk/internal/images"
	"falkirk/internal/usecase"
)

func (f *face) printImage(i images.Image) {
	fprintf(f.Out, "%s\n  digest  %s\n  type    %s\n  size    %s in all\n", i.Reference, i.Digest, i.MediaType, size(i.Size))
	if i.Artifact != "" {
		fprintf(f.Out, "  kind    %s\n", i.Artifact)
	}
	for _, r := range i.Referrers {
		fprintf(f.Out, "  with    %s %s\n", r.Digest, r.Kind)
	}
	for _, p := range i.Platforms {
		fprintf(f.Out, "\n%s %s\n", p.Platform, p.Digest)
		for _, line := range [][2]string{
			{"created", createdText(p.Created)},
			{"runs", strings.Join(append(p.Entrypoint, p.Cmd...), " ")},
			{"user", p.User},
			{"ports", strings.Join(p.Ports, " ")},
		} {
			if line[1] != "" {
				fprintf(f.Out, "  %-7s %s\n", line[0], line[1])
			}
		}
		for _, l := range p.Layers {
			fprintf(f.Out, "  layer   %s %s%s\n", l.Digest, size(l.Size), strings.Join(append([]string{""}, l.URLs...), " at "))
		}
	}
}

func createdText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t)
}

func (f *face) printListed(all []images.Listed) {
	if len(all) == 0 || all[0].Tag == "" {
		for _, one := range all {
			fprintln(f.Out, one.Repository)
		}
		return
	}
	rows := [][]string{{"TAG", "DIGEST", "PUSHED"}}
	for _, one := range all {
		rows = append(rows, []string{one.Tag, one.Digest, createdText(one.Pushed)})
	}
	table(f.Out, rows)
}

func (f *face) printTagged(done []images.Tagged, dry bool) {
	changed := 0
	for _, d := range done {
		switch {
		case !d.Changed:
			continue
		case d.Was == "":
			fprintf(f.Out, "%s %s:%s on %s (%s)\n", f.paint(green, "+"), d.Repository, d.Tag, short(d.Digest), d.From)
		default:
			fprintf(f.Out, "%s %s:%s on %s (%s), was %s\n", f.paint(yellow, "~"), d.Repository, d.Tag, short(d.Digest), d.From, d.Was)
		}
		changed++
	}
	switch {
	case changed == 0:
		fprintln(f.Out, "nothing to do: the tags are there")
	case dry:
		fprintf(f.Out, "nothing was written: %s would be\n", count(changed, "tag"))
	default:
		fprintf(f.Out, "%s %s of %d\n", f.paint(green, "done:"), count(changed, "tag"), len(done))
	}
}

func (f *face) printCopied(c images.Copied) {
	if c.Manifests == 0 {
		fprintf(f.Out, "nothing to do: %s is on %s\n", c.To, c.Digest)
		return
	}
	fprintf(f.Out, "%s %s is on %s: %s sent (%s), %d mounted, %s written\n", f.paint(green, "done:"), c.To, c.Digest,
		count(c.Uploaded, "blob"), size(c.Bytes), c.Mounted, count(c.Manifests, "manifest"))
}

// copyProgress prints a line now and then.
func (f *face) copyProgress() func(usecase.Event) {
	var mu sync.Mutex
	last := time.Now()
	return func(ev usecase.Event) {
		if ev.Copying == nil {
			f.heard(ev)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if f.isJSON() || f.quiet || time.Since(last) < time.Second {
			return
		}
		fprintf(f.Err, "[copy] %s of %s\n", size(ev.Copying.Done), size(ev.Copying.Total))
		last = time.Now()
	}
}
