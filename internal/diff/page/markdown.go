package page

import (
	"fmt"
	"strings"

	"falkirk/internal/diff"
)

// MostMarkdown is how many characters GitHub takes as one comment. The page
// counts bytes, of which there are never fewer.
const MostMarkdown = 65536

// spare is kept free for the notes on what was left out.
const spare = 1024

// longest bounds one name in bytes, so that a few cannot fill the page.
const longest = 300

// Markdown is a report as a comment on GitHub (GitHub Flavored Markdown). It
// has at most MostMarkdown characters and says what did not fit.
func Markdown(r diff.Report, o Options) string {
	p := &page{Options: o}
	p.add(fmt.Sprintf("### From %s to %s\n\n", p.code(side(r.From)), p.code(side(r.To))))
	for _, n := range notes(r) {
		p.add("> " + p.plain(n) + "\n\n")
	}
	if !r.Different {
		p.add("No difference.\n\n")
	}
	for _, c := range r.Comparisons {
		p.summary(c, len(r.Comparisons) > 1 || len(c.From.Places)+len(c.To.Places) > 0)
	}
	var all []section
	for _, c := range r.Comparisons {
		all = append(all, sections(c)...)
	}
	for _, s := range r.Settings {
		all = append(all, settingSection(s))
	}
	for i, room := range share(MostMarkdown-spare-p.Len(), p.needs(all)) {
		p.details(all[i], room)
	}
	if p.left > 0 {
		_, _ = fmt.Fprintf(p, "… and %d more that did not fit into one comment.\n", p.left)
	}
	return p.String()
}

type page struct {
	Options
	strings.Builder
	left int // pieces that did not fit
}

func (p *page) fits(n int) bool { return p.Len()+n <= MostMarkdown-spare }

func (p *page) add(piece string) {
	if !p.fits(len(piece)) {
		p.left++
		return
	}
	p.WriteString(piece)
}

func (p *page) summary(c diff.Comparison, named bool) {
	if named {
		p.add(fmt.Sprintf("%s → %s\n\n", p.plain(end(c.From)), p.plain(end(c.To))))
	}
	if len(c.Components) > 0 {
		p.add("| | Component | Kind | Change | Digest | Size | To transfer |\n| --- | --- | --- | --- | --- | --- | --- |\n")
		for _, x := range c.Components {
			change, digest, size, transfer := said(x)
			p.add(p.row(mark(x.Change), x.Component, x.Kind(), change, digest, size, transfer))
		}
		p.add("\n")
	}
	for _, n := range commitNotes(c.Commits) {
		p.add("> " + p.plain(n) + "\n\n")
	}
}

// needs is how many bytes each list takes when it is whole, and is not less
// than what its last line may take beside it.
func (p *page) needs(all []section) []int {
	need := make([]int, len(all))
	for i, s := range all {
		whole := &page{Options: p.Options}
		whole.details(s, 1<<30)
		need[i] = whole.Len() + more
	}
	return need
}

// share gives everybody what they need, and those that need much the same.
func share(room int, need []int) []int {
	got, open := make([]int, len(need)), len(need)
	for changed := true; changed && open > 0; {
		changed = false
		each := room / open
		for i, n := range need {
			if got[i] == 0 && n <= each {
				got[i], changed = n, true
				room, open = room-n, open-1
			}
		}
	}
	for i := range got {
		if got[i] == 0 {
			got[i] = room / open
		}
	}
	return got
}

// more is kept for the line that says how many more there are.
const more = 64

// details is a list that opens on a click; it takes at most room bytes.
func (p *page) details(s section, room int) {
	head := fmt.Sprintf("<details><summary>%s</summary>\n\n| | %s |\n|%s\n", p.plain(s.title),
		strings.Join(s.columns, " | "), strings.Repeat(" --- |", len(s.columns)+1))
	const tail = "\n</details>\n\n"
	if room < len(head)+len(tail)+more {
		p.left++
		return
	}
	p.WriteString(head)
	used, shown := len(head)+len(tail)+more, 0
	for _, r := range s.rows {
		line := p.row(sign(r.change), r.cells[0], r.cells[1:]...)
		if p.Rows > 0 && shown == p.Rows || used+len(line) > room {
			break
		}
		p.WriteString(line)
		used, shown = used+len(line), shown+1
	}
	if cut := len(s.rows) - shown + s.beyond; cut > 0 {
		_, _ = fmt.Fprintf(p, "\n… and %d more\n", cut) // memory
	}
	p.WriteString(tail)
}

func mark(c diff.Change) string {
	if c == diff.Same {
		return ""
	}
	return sign(c)
}

func sign(c diff.Change) string { return Options{}.sign(c) }

// row has a sign, a name, and what there is to say of it.
func (p *page) row(sign, name string, cells ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s |", escape(sign), p.code(name))
	for _, c := range cells {
		b.WriteString(" " + p.plain(c) + " |")
	}
	return b.String() + "\n"
}

// plain is a text that stays that text: no Markdown and no HTML. What could
// mention somebody is set as code.
func (p *page) plain(s string) string {
	if strings.Contains(s, "@") {
		return p.code(s)
	}
	return escape(cut(p.clean(s)))
}

// code is a text that stays that text: no Markdown, no HTML, and inside of
// <code>, where GitHub makes nobody's name a mention.
func (p *page) code(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + escape(cut(p.clean(s))) + "</code>"
}

func cut(s string) string {
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

// escape writes every sign that Markdown, HTML or GitHub could read as a
// reference (HTML 13.5).
func escape(s string) string {
	var b strings.Builder
	dots := strings.Contains(strings.ToLower(s), "www.")
	for i, r := range s {
		edge := i == 0 || i == len(s)-1
		switch {
		case strings.ContainsRune("!\"#$%&'()*+:;<=>?@[\\]^_`{|}~", r), r == '.' && dots, r == ' ' && edge:
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
