package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"falkirk/internal/delivery"
)

// Problem is one thing wrong with the app file, and where. Line and Column
// count from 1; Column counts characters.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Text    string `json:"text"`              // what is wrong
	Got     string `json:"got,omitempty"`     // the offending value, never one that came from ${env:…}
	Want    string `json:"want,omitempty"`    // what was expected
	Suggest string `json:"suggest,omitempty"` // the nearest thing that would be right
	source  string // the line of the file, without secrets
}

// Message is the problem on one line, without the place.
func (p Problem) Message() string {
	s := p.Text
	if p.Want != "" {
		s += "; expected " + p.Want
	}
	if p.Suggest != "" {
		s += fmt.Sprintf("; did you mean %q?", p.Suggest)
	}
	return s
}

// String is file:line:column, the message, and the line of the file with a
// caret below the offending column.
func (p Problem) String() string {
	s := p.Place() + ": " + p.Message()
	if strings.TrimSpace(p.source) == "" {
		return s
	}
	line, caret := excerpt(p.source, p.Column)
	return s + "\n    " + line + "\n    " + caret + "^"
}

// widest is how much of a long source line is shown.
const widest = 120

// excerpt cuts a line around a column and makes the white space that leads to
// the caret; tabs stay tabs so that both line up.
func excerpt(source string, column int) (line, lead string) {
	runes := []rune(source)
	at := min(max(column-1, 0), len(runes))
	from := 0
	if at > widest*2/3 {
		from = at - widest/2
	}
	to := min(len(runes), from+widest)
	for _, r := range runes[from:at] {
		if r == '\t' {
			lead += "\t"
		} else {
			lead += " "
		}
	}
	return printable(string(runes[from:to])), lead
}

// printable replaces control characters, so that a file cannot steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0)) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Problems is everything that is wrong with one app file, in order of place.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

type pos struct{ line, col int }

// report collects problems; the same one is kept once, however many places
// share the value.
type report struct {
	file    string
	lines   []string
	list    Problems
	told    int               // how often a problem was added, also one that is in the list already
	warned  Problems          // what is allowed and may be a mistake
	unsound Problems          // what refuses only commands that change something
	hidden  map[int][]*node   // by line: scalars under keys that look secret
	secrets map[string]string // value → the ${env:…} that it came from
	unset   map[pos]*node     // values that name a variable which is not set
}

// add notes a problem. What seems wrong with a value whose variable is not set is
// nothing but that: the value is not known.
func (r *report) add(at pos, p Problem) {
	r.told++
	if n := r.unset[at]; n != nil {
		p = unsetProblem(n)
	}
	r.list = r.with(r.list, at, p)
}

// missing notes a value that names a variable which is not set.
func (r *report) missing(n *node) {
	if r.unset == nil {
		r.unset = map[pos]*node{}
	}
	r.unset[n.pos] = n
}

// warn notes what is allowed and may be a mistake.
func (r *report) warn(at pos, p Problem) { r.warned = r.with(r.warned, at, p) }

// unsafe notes what makes it unsafe to change anything. For a command that may not
// need the whole file it is no problem: one that only reads goes on.
func (r *report) unsafe(lazy bool, at pos, p Problem) {
	if lazy {
		r.unsound = r.with(r.unsound, at, p)
	} else {
		r.add(at, p)
	}
}

func (r *report) with(list Problems, at pos, p Problem) Problems {
	p.File, p.Line, p.Column = r.file, max(at.line, 1), max(at.col, 1)
	p.Text, p.Got, p.Want = r.redact(p.Text), r.redact(p.Got), r.redact(p.Want)
	same := func(q Problem) bool { return q.Line == p.Line && q.Column == p.Column && q.Text == p.Text }
	if len(list) >= mostProblems || slices.ContainsFunc(list, same) {
		return list
	}
	if p.Line <= len(r.lines) {
		p.source = r.excerpt(p.Line)
	}
	return append(list, p)
}

// mostProblems bounds the list: nobody reads more, and a hostile file must not
// make a long answer.
const mostProblems = 100

// redact puts ${env:NAME} where a text quotes a value that came from there.
// Values of one or two characters are left: they are found in any text.
func (r *report) redact(s string) string {
	for value, shown := range r.secrets {
		if len(value) < 3 {
			continue
		}
		quoted := fmt.Sprintf("%q", value)
		s = strings.ReplaceAll(s, quoted[1:len(quoted)-1], shown)
		s = strings.ReplaceAll(s, value, shown)
	}
	return s
}

// unusable is each problem on one line, without the line of the file, and with the
// variable that a wrong value comes from.
func (ps Problems) unusable() delivery.Unusable {
	var lines []string
	for _, p := range ps {
		if refs := envRef.FindAllString(p.Got, -1); len(refs) > 0 && !envRef.MatchString(p.Text) && p.Text != delivery.NotSet(refs[0][len("${env:"):len(refs[0])-1]) {
			p.Text += " (from " + strings.Join(refs, ", ") + ")"
		}
		lines = append(lines, p.Place()+": "+p.Message())
	}
	return delivery.Unusable(strings.Join(lines, "\n"))
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	return ps
}

// hide notes the scalars of a value that must not be seen in a source line.
func (r *report) hide(n *node) {
	if n.shape != mapping && n.shape != list && n.shape != null {
		if r.hidden == nil {
			r.hidden = map[int][]*node{}
		}
		r.hidden[n.line] = append(r.hidden[n.line], n)
	}
	for _, i := range n.items {
		r.hide(i)
	}
	for _, f := range n.fields {
		r.hide(f.node)
	}
}

// excerpt is a line of the file without what must not be seen. ${env:NAME} stays: it
// names a value, and has none.
func (r *report) excerpt(line int) string {
	s := []rune(r.lines[line-1])
	for _, n := range r.hidden[line] {
		from := min(max(n.col-1, 0), len(s))
		to := from + written(string(s[from:]), cmp.Or(n.shown, n.token, fmt.Sprint(n.value)))
		s = slices.Concat(s[:from], []rune(stars(string(s[from:to]))), s[to:])
	}
	return maskLine(string(s))
}

// written is how many characters of a line, from its beginning, are a value: all where
// it is folded or escaped.
func written(line, value string) int {
	for _, form := range []string{value, `"` + value + `"`, "'" + value + "'"} {
		if strings.HasPrefix(line, form) {
			return utf8.RuneCountInString(form)
		}
	}
	return utf8.RuneCountInString(line)
}

// stars hides a value and keeps the columns, the quotes around it, and what names a
// variable.
func stars(value string) string {
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		return value[:1] + stars(value[1:len(value)-1]) + value[:1]
	}
	var b strings.Builder
	at := 0
	for _, ref := range envRef.FindAllStringIndex(value, -1) {
		b.WriteString(strings.Repeat("*", utf8.RuneCountInString(value[at:ref[0]])) + value[ref[0]:ref[1]])
		at = ref[1]
	}
	return b.String() + strings.Repeat("*", utf8.RuneCountInString(value[at:]))
}

var keyValue = regexp.MustCompile(`([\w.-]+)(["']?\s*:\s+)("[^"]*"|'[^']*'|[^\s,}\]#][^,}\]#]*)`)

// maskLine hides the values of keys that look secret and keeps the columns.
func maskLine(line string) string {
	return keyValue.ReplaceAllStringFunc(line, func(found string) string {
		m := keyValue.FindStringSubmatch(found)
		if !looksSecret(m[1]) || strings.Contains(m[3], "${env:") || strings.ContainsAny(m[3][:1], "{[&*") {
			return found
		}
		return m[1] + m[2] + stars(m[3])
	})
}
