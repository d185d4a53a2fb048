//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"falkirk/test/registryproxy"
)

// quotedRows are what a small program that follows the same design took
// elsewhere, where it was written to see how far one can get.
const quotedRows = `For comparison, measured in November 2026 on another machine (Linux x86-64, 2 cores, 24 GiB, Go 1.26,
distribution 3.1.2): a small program of nothing but the standard library, written to see where the floor is,
took 4.51 s (5.25 s far), 0.74 s of processor time and 2,004 requests for the empty destination, 0.73 s and 760
requests for 20 new tags, 0.101 s (0.22 s far) and 240 requests for nothing to do, and 0.33 s (0.60 s far) and 220
requests for 100 other tags; the quickest of the others took 6.53 s (8.40 s far) and 3,360 requests, 0.93 s and 800,
0.107 s (0.34 s far) and 220, and 1.13 s (1.32 s far) and 200.
`

// images copies images between two registries and puts tags on them.
func (b *bench) images(p *page) error {
	w, err := b.startImages(b.path("images"))
	if err != nil {
		p.say("### Images from registry to registry\n\nLeft out: %v.\n", err)
		return nil
	}
	defer w.stop()
	n := len(w.tags)
	p.say("### Images from registry to registry\n")
	p.say("%d repositories of %d tags, each an image for %d platforms of three layers: one that all share, one of the repository,", w.load.Repositories, w.load.Tags, w.load.Platforms)
	p.say("one of the tag. Two %s on the same cores, on files. Requests, bytes into the destination and", strings.TrimSpace(registryVersion(b)))
	p.say("connections are those of both sides together, counted by proxies that add %s to each request in the column *far*", far)
	p.say("and are not there in the others. Afterwards every digest is checked by crane.\n")
	var rows [][]string
	syncs := syncers()
	for _, s := range []struct{ name, begin string }{
		{"empty destination", nothing},
		{fmt.Sprintf("%d of %d tags new", w.load.Repositories, n), most},
		{"nothing to do", all},
	} {
		more, err := w.scenario(w.size.moves, s.name, s.begin, "", syncs)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	tags := taggers()
	more, err := w.scenario(w.size.moves, fmt.Sprintf("%d other tags", n), all, live, tags)
	if err != nil {
		return err
	}
	rows = append(rows, more...)
	single := slices.DeleteFunc(slices.Clone(syncs), func(m *imageMover) bool { return strings.Contains(m.name, " 8 ") })
	if more, err = w.single().scenario(1, fmt.Sprintf("one layer, %d MB", w.huge()>>20), nothing, "", single); err != nil {
		return err
	}
	p.table([]string{"Scenario", "Program", "Median", "Fastest – slowest", "CPU", "Peak memory", "Requests", "Moved", "Connections", "Far"}, append(rows, more...))
	for _, m := range slices.Concat(syncs, tags) {
		if m.wrong != "" {
			p.say("Left out: %s: %s.\n", m.name, m.wrong)
		}
	}
	p.say(quotedRows)
	return nil
}

func registryVersion(b *bench) string {
	return registryProgram() + " " + versionIn(output(b.ctx, []string{registryProgram(), "--version"})) + " registries"
}

// scenario lets all programs do the same in turns, near and far.
func (w *imageWorld) scenario(rounds int, name, begin, suffix string, all []*imageMover) ([][]string, error) {
	near, wide, counts := make([]contender, len(all)), make([]usage, len(all)), make([]registryproxy.Counts, len(all))
	for round := range rounds {
		for i, m := range all {
			if m.wrong != "" {
				continue
			}
			if m.needs != "" && !found(m.needs) {
				m.wrong = m.needs + " is not installed here"
				continue
			}
			fmt.Fprintf(os.Stderr, "bench: %s: %s\n", name, m.name)
			u, err := w.once(m, begin, suffix, w.from.Host, w.to.Host)
			if err != nil && m.needs == "" {
				return nil, err // ours
			}
			if err != nil {
				m.wrong = firstLine(err)
				continue
			}
			near[i].all = append(near[i].all, u)
			if round > 0 {
				continue // once: it is long, and hardly differs
			}
			if wide[i], counts[i], err = w.far(m, begin, suffix); err != nil {
				m.wrong = "far away: " + firstLine(err)
			}
		}
	}
	var rows [][]string
	for i, m := range all {
		if len(near[i].all) > 0 && wide[i].wall > 0 {
			c := counts[i]
			rows = append(rows, slices.Concat([]string{name, m.name}, near[i].cells(), []string{
				fmt.Sprint(c.Requests), megabytes(c.Up), fmt.Sprint(c.Connections), seconds(wide[i].wall),
			}))
		}
	}
	return rows, nil
}

// far is one run through the proxies.
func (w *imageWorld) far(m *imageMover, begin, suffix string) (usage, registryproxy.Counts, error) {
	rules := registryproxy.Rules{Far: far}
	for _, p := range []*registryproxy.Proxy{w.nearFrom, w.nearTo} {
		p.Calm(rules)
		p.Reset()
	}
	u, err := w.once(m, begin, suffix, w.nearFrom.Host, w.nearTo.Host)
	from, to := w.nearFrom.Counts(), w.nearTo.Counts()
	fmt.Fprintf(os.Stderr, "bench: %s, far: %s\n  from: %s\n  to:   %s\n", m.name, u.wall.Round(time.Millisecond), from, to)
	to.Requests += from.Requests
	to.Connections += from.Connections
	return u, to, err
}

// once is one run, from a destination as it has to be at the beginning; what came
// of it is checked.
func (w *imageWorld) once(m *imageMover, begin, suffix, from, to string) (usage, error) {
	line, err := m.command(w, from, to)
	if err != nil {
		return usage{}, err
	}
	if err := w.bring(begin); err != nil {
		return usage{}, err
	}
	u, err := w.measureApart(shell(w.work, line))
	if err != nil {
		return u, err
	}
	if found("crane") {
		err = w.check(suffix)
	}
	return u, err
}

func firstLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' })
	return cmp.Or(strings.Join(lines[:min(len(lines), 3)], "; "), "?")
}
