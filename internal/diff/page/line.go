package page

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"falkirk/internal/diff"
)

// Options says how to write.
type Options struct {
	Rows  int                        // at most so many of each list; 0: all
	Paint func(sgr, s string) string // colours a text; nil: it does not
	Clean func(string) string        // takes secrets out of a name; nil: there are none
}

func (o Options) clean(s string) string {
	if o.Clean != nil {
		s = o.Clean(s)
	}
	return visible(s)
}

// visible writes what would act on a terminal, or hide in a page, as its code.
func visible(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// side is one side in words.
func side(s diff.Side) string {
	switch {
	case s.Environment == "":
		return s.Version
	case s.Version != "":
		return s.Version + " (live in " + s.Environment + ")"
	case s.Note != "":
		return s.Environment
	}
	return "nothing (live in " + s.Environment + ")"
}

func end(e diff.End) string {
	text := e.Version
	if text == "" {
		text = "nothing"
	}
	var places []string
	for _, p := range e.Places {
		places = append(places, p.String())
	}
	if len(places) > 0 {
		text += " in " + strings.Join(places, ", ")
	}
	return text
}

// notes are what there is to know besides.
func notes(r diff.Report) []string {
	var out []string
	for _, s := range []diff.Side{r.From, r.To} {
		if s.Note != "" {
			out = append(out, s.Note)
		}
	}
	return out
}

func commitNotes(c diff.Commits) []string {
	var out []string
	switch {
	case c.Unknown != "":
		out = append(out, "commits between are not known: "+c.Unknown)
	case c.Gone.Count > 0 && c.Came.Count == 0:
		out = append(out, "this is a step back in the history")
	case c.Gone.Count > 0:
		out = append(out, "the histories part: commits come and others go away")
	}
	return append(out, c.Notes...)
}

// said is one component in a line: change, kind, digests, sizes.
func said(c diff.Component) (change, digest, size, transfer string) {
	change = string(c.Change)
	switch {
	case c.From == nil:
		return change, hex(c.To.Digest), bytes(c.To.Size), bytes(c.Transfer)
	case c.To == nil:
		return change, hex(c.From.Digest), bytes(c.From.Size), ""
	case c.From.Kind != c.To.Kind:
		change = fmt.Sprintf("%s from %s to %s", change, c.From.Kind, c.To.Kind)
	}
	if c.Different() {
		transfer = bytes(c.Transfer)
	}
	return change, arrow(hex(c.From.Digest), hex(c.To.Digest)), arrow(bytes(c.From.Size), bytes(c.To.Size)), transfer
}
