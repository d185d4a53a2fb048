package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"falkirk/internal/images"
)

func (f *face) printImage(i images.Image) {
	fmt.Fprintf(f.Out, "%s\n  digest  %s\n  type    %s\n  size    %s in all\n", i.Reference, i.Digest, i.MediaType, size(i.Size))
	if i.Artifact != "" {
		fmt.Fprintf(f.Out, "  kind    %s\n", i.Artifact)
	}
	for _, r := range i.Referrers {
		fmt.Fprintf(f.Out, "  with    %s %s\n", r.Digest, r.Kind)
	}
	for _, p := range i.Platforms {
		fmt.Fprintf(f.Out, "\n%s %s\n", p.Platform, p.Digest)
		for _, line := range [][2]string{
			{"created", createdText(p.Created)},
			{"runs", strings.Join(append(p.Entrypoint, p.Cmd...), " ")},
			{"user", p.User},
			{"ports", strings.Join(p.Ports, " ")},
		} {
			if line[1] != "" {
				fmt.Fprintf(f.Out, "  %-7s %s\n", line[0], line[1])
			}
		}
		for _, l := range p.Layers {
			fmt.Fprintf(f.Out, "  layer   %s %s%s\n", l.Digest, size(l.Size), strings.Join(append([]string{""}, l.URLs...), " at "))
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
			fmt.Fprintln(f.Out, one.Repository)
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
			fmt.Fprintf(f.Out, "%s %s:%s on %s (%s)\n", f.paint(green, "+"), d.Repository, d.Tag, short(d.Digest), d.From)
		default:
			fmt.Fprintf(f.Out, "%s %s:%s on %s (%s), was %s\n", f.paint(yellow, "~"), d.Repository, d.Tag, short(d.Digest), d.From, d.Was)
		}
		changed++
	}
	switch {
	case changed == 0:
		fmt.Fprintln(f.Out, "nothing to do: the tags are there")
	case dry:
		fmt.Fprintf(f.Out, "nothing was written: %s would be\n", count(changed, "tag"))
	default:
		fmt.Fprintf(f.Out, "%s %s of %d\n", f.paint(green, "done:"), count(changed, "tag"), len(done))
	}
}

func (f *face) printCopied(c images.Copied) {
	if c.Manifests == 0 {
		fmt.Fprintf(f.Out, "nothing to do: %s is on %s\n", c.To, c.Digest)
		return
	}
	fmt.Fprintf(f.Out, "%s %s is on %s: %s sent (%s), %d mounted, %s written\n", f.paint(green, "done:"), c.To, c.Digest,
		count(c.Uploaded, "blob"), size(c.Bytes), c.Mounted, count(c.Manifests, "manifest"))
}

// copyProgress prints a line now and then.
func (f *face) copyProgress() func(passed, total int64) {
	var mu sync.Mutex
	last := time.Now()
	return func(passed, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if f.isJSON() || f.quiet || time.Since(last) < time.Second {
			return
		}
		fmt.Fprintf(f.Err, "[copy] %s of %s\n", size(passed), size(total))
		last = time.Now()
	}
}
