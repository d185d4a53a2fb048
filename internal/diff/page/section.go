// Package page writes a comparison for people: as text for a terminal, as
// Markdown for the comment of a pull request.
package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/diff"
)

// moved is the sign of a file that went elsewhere; the other signs are changes.
const moved diff.Change = "moved"

// section is a list of what differs in one thing.
type section struct {
	title   string
	columns []string
	rows    []row
	beyond  int // rows that there are beside those
}

type row struct {
	change diff.Change
	cells  []string
}

// sections lists all that a comparison has in detail.
func sections(c diff.Comparison) []section {
	var all []section
	for _, x := range c.Components {
		if x.Site != nil {
			all = append(all, section{x.Component + ": " + siteLine(x.Site), []string{"File", "Size", "Digest", "Headers"}, siteRows(x.Site), 0})
		}
		if x.Image == nil {
			continue
		}
		for _, p := range x.Image.Platforms {
			if p.Change != diff.Same {
				title := fmt.Sprintf("%s: %s %s, %s", x.Component, p.Platform, p.Change, layerLine(p.Layers))
				all = append(all, section{title, []string{"What", "From", "To"}, imageRows(p), 0})
			}
		}
	}
	for _, h := range []struct {
		title  string
		change diff.Change
		list   diff.History
	}{{"commits that come", diff.Added, c.Commits.Came}, {"commits that go away", diff.Removed, c.Commits.Gone}} {
		if h.list.Count > 0 {
			title := fmt.Sprintf("%s: %d", h.title, h.list.Count)
			all = append(all, section{title, []string{"Commit", "Author", "Subject"}, commitRows(h.change, h.list), h.list.Count - len(h.list.List)})
		}
	}
	return all
}

func siteLine(s *diff.SiteChange) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{len(s.Added), "added"}, {len(s.Removed), "removed"}, {len(s.Changed), "changed"}, {len(s.Moved), "moved"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if s.Same > 0 || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d as before", s.Same))
	}
	return "files: " + strings.Join(parts, ", ")
}

func layerLine(l diff.Layers) string {
	parts := []string{fmt.Sprintf("%d shared (%s)", l.Shared, bytes(l.SharedBytes))}
	if n := len(l.Added); n > 0 {
		parts = append(parts, fmt.Sprintf("%d added (%s)", n, bytes(sum(l.Added))))
	}
	if n := len(l.Removed); n > 0 {
		parts = append(parts, fmt.Sprintf("%d removed (%s)", n, bytes(sum(l.Removed))))
	}
	return "layers: " + strings.Join(parts, ", ")
}

func sum(all []diff.Blob) (n int64) {
	for _, b := range all {
		n += b.Size
	}
	return n
}

// siteRows lists files in order of the path that they have now, or had.
func siteRows(s *diff.SiteChange) []row {
	var rows []row
	for _, f := range s.Added {
		rows = append(rows, row{diff.Added, []string{f.Path, bytes(f.Size), hex(f.Digest), ""}})
	}
	for _, f := range s.Removed {
		rows = append(rows, row{diff.Removed, []string{f.Path, bytes(f.Size), hex(f.Digest), ""}})
	}
	for _, f := range s.Changed {
		rows = append(rows, row{diff.Changed, []string{f.To.Path, arrow(bytes(f.From.Size), bytes(f.To.Size)), arrow(hex(f.From.Digest), hex(f.To.Digest)), headers(f)}})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.cells[0], b.cells[0]) })
	for _, f := range s.Moved {
		rows = append(rows, row{moved, []string{f.From.Path + " → " + f.To.Path, bytes(f.To.Size), hex(f.To.Digest), headers(f)}})
	}
	return rows
}

func headers(f diff.FileChange) string {
	var parts []string
	for _, d := range f.Headers() {
		parts = append(parts, d.Key+": "+arrow(d.From, d.To))
	}
	return strings.Join(parts, "; ")
}

func imageRows(p diff.PlatformChange) []row {
	var rows []row
	for _, b := range p.Layers.Added {
		rows = append(rows, row{diff.Added, []string{"layer " + hex(b.Digest), "", bytes(b.Size)}})
	}
	for _, b := range p.Layers.Removed {
		rows = append(rows, row{diff.Removed, []string{"layer " + hex(b.Digest), bytes(b.Size), ""}})
	}
	rows = append(rows, settingRows(p.Config)...)
	if len(rows) == 0 {
		rows = append(rows, row{diff.Changed, []string{"manifest (history, annotations or order only)", hex(p.From), hex(p.To)}})
	}
	return rows
}

func settingRows(all []diff.Difference) []row {
	var rows []row
	for _, d := range all {
		from, to := d.From, d.To
		if d.Change == diff.Changed && from == to {
			from, to = "not shown", "differs"
		}
		rows = append(rows, row{d.Change, []string{d.Key, from, to}})
	}
	return rows
}

func commitRows(change diff.Change, h diff.History) []row {
	var rows []row
	for _, c := range h.List {
		rows = append(rows, row{change, []string{c.ID[:min(10, len(c.ID))], c.Author, c.Subject}})
	}
	return rows
}

func settingSection(s diff.Configured) section {
	name := s.Component
	if name == "" {
		name = "the environment"
	}
	return section{"settings of " + name, []string{"Setting", "From", "To"}, settingRows(s.Differences), 0}
}

func arrow(from, to string) string {
	if from == to {
		return from
	}
	return from + " → " + to
}

// hex is enough of a digest to tell it from others.
func hex(digest string) string {
	_, digits, _ := strings.Cut(digest, ":")
	return digits[:min(len(digits), 10)]
}

func bytes(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
}
