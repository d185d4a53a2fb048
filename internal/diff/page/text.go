package page

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"falkirk/internal/diff"
)

// Text is a report for a terminal.
func Text(r diff.Report, o Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from %s to %s\n", o.clean(side(r.From)), o.clean(side(r.To)))
	for _, n := range notes(r) {
		fmt.Fprintf(&b, "note: %s\n", o.clean(n))
	}
	for _, c := range r.Comparisons {
		o.comparison(&b, c, len(r.Comparisons) > 1 || len(c.From.Places)+len(c.To.Places) > 0)
	}
	for _, s := range r.Settings {
		o.list(&b, settingSection(s))
	}
	if !r.Different {
		b.WriteString("\nno difference\n")
	}
	return b.String()
}

func (o Options) comparison(b *strings.Builder, c diff.Comparison, named bool) {
	if named || len(c.Components) > 0 {
		b.WriteString("\n")
	}
	if named {
		fmt.Fprintf(b, "%s → %s\n", o.clean(end(c.From)), o.clean(end(c.To)))
	}
	rows := [][]string{{"COMPONENT", "KIND", "CHANGE", "DIGEST", "SIZE", "TO TRANSFER"}}
	for _, x := range c.Components {
		change, digest, size, transfer := said(x)
		rows = append(rows, []string{o.clean(x.Component), o.clean(x.Kind()), o.clean(change), digest, size, transfer})
	}
	if len(c.Components) > 0 {
		columns(b, "", rows)
	}
	for _, s := range sections(c) {
		o.list(b, s)
	}
	for i, n := range commitNotes(c.Commits) {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(b, "note: %s\n", o.clean(n))
	}
}

func (o Options) list(b *strings.Builder, s section) {
	fmt.Fprintf(b, "\n%s\n", o.clean(s.title))
	shown := s.rows
	if o.Rows > 0 && len(shown) > o.Rows {
		shown = shown[:o.Rows]
	}
	rows := make([][]string, len(shown))
	for i, r := range shown {
		rows[i] = append(rows[i], o.sign(r.change)+" "+o.clean(r.cells[0]))
		for _, cell := range r.cells[1:] {
			rows[i] = append(rows[i], o.clean(cell))
		}
		if len(s.columns) == 3 && s.columns[1] == "From" {
			rows[i] = []string{rows[i][0], between(r.change, rows[i][1], rows[i][2])}
		}
	}
	columns(b, "  ", rows)
	if cut := len(s.rows) - len(shown) + s.beyond; cut > 0 {
		fmt.Fprintf(b, "  … and %d more\n", cut)
	}
}

// between is a value before and after; one that came or went stands alone.
func between(change diff.Change, from, to string) string {
	switch change {
	case diff.Added:
		return to
	case diff.Removed:
		return from
	}
	return from + " → " + to
}

func (o Options) sign(c diff.Change) string {
	sign, sgr := "~", "33"
	switch c {
	case diff.Added:
		sign, sgr = "+", "32"
	case diff.Removed:
		sign, sgr = "-", "31"
	case moved:
		sign = ">"
	}
	if o.Paint == nil {
		return sign
	}
	return o.Paint(sgr, sign)
}

// columns aligns rows; names that come from outside hold no tab any more.
func columns(w io.Writer, indent string, rows [][]string) {
	var aligned strings.Builder
	tw := tabwriter.NewWriter(&aligned, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		_, _ = fmt.Fprintln(tw, strings.Join(r, "\t"))
	}
	_ = tw.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(aligned.String()) {
		_, _ = fmt.Fprintf(w, "%s%s\n", indent, strings.TrimRight(line, " \n"))
	}
}
