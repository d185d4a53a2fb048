package ui

import (
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"unicode/utf8"

	"falkirk/internal/quote"
)

// Text leaves the program in two steps. fprintf and sprintf quote every field, so
// that none draws a line of its own. The border, a writer around each stream,
// escapes what is left: also where a field was joined by hand.

// Block is a text of several lines that is ours: a template, a policy, a page.
type Block string

// Fprintf prints fields, each as part of one line.
func Fprintf(w io.Writer, format string, args ...any) {
	_, _ = io.WriteString(w, Sprintf(format, args...)) // a failure shows when the command ends
}

// Fprintln prints fields with spaces between them, and ends the line.
func Fprintln(w io.Writer, args ...any) { _, _ = fmt.Fprintln(w, fields(args)...) }

// Sprintf is fmt.Sprintf with each field as part of one line.
func Sprintf(format string, args ...any) string { return fmt.Sprintf(format, fields(args)...) }

// fields quotes what is a text: strings, errors, and structures that tell of
// themselves.
func fields(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = field(a)
	}
	return out
}

func field(a any) any {
	v := reflect.ValueOf(a)
	switch said := a.(type) {
	case nil:
		return a
	case Block:
		return string(said)
	case error:
		return quote.Line(said.Error())
	case fmt.Stringer:
		if k := v.Kind(); k == reflect.Struct || k == reflect.Pointer || k == reflect.String {
			return quote.Line(said.String())
		}
		return a
	}
	switch v.Kind() {
	case reflect.String:
		return quote.Line(v.String())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String {
			return a
		}
		list := make([]string, v.Len())
		for i := range list {
			list[i] = quote.Line(v.Index(i).String())
		}
		return list
	}
	return a
}

// Folded is a message of several lines, such as the last ones of a process: the
// first in its place, the others below with a mark that no line of ours has.
func Folded(s string) Block { return Block(quote.Folded(s)) }

// inks are the marks of colours in texts on their way to the border. They are
// drawn by lot, from characters of no meaning, so that no text from outside has
// them.
type inks struct{ marks map[rune]string } // to the terminal's own sequence

const privateUse, privateMany = 0xf0000, 0xfff0

// NewInks draws the marks of colours by lot.
func NewInks() inks {
	k := inks{map[rune]string{}}
	for _, sgr := range []string{"0", Red, Green, Yellow, dim} {
		r := rune(privateUse + rand.IntN(privateMany)) //nolint:gosec // forging one gives a colour
		for k.marks[r] != "" {
			r++
		}
		k.marks[r] = "\x1b[" + sgr + "m"
	}
	return k
}

func (k inks) of(sgr string) string {
	for r, s := range k.marks {
		if s == "\x1b["+sgr+"m" {
			return string(r)
		}
	}
	return ""
}

// border is the last writer before a stream. Nothing that steers a terminal
// passes but our own colours, and no line is longer than longest.
type border struct {
	to   io.Writer
	inks inks
	json func() bool // the text is JSON: escapes are those of JSON
	long bool        // lines are not cut: part of a document is wrong
	raw  bool        // text that is not JSON passes as it is
	st   *bordering
}

// bordering is what one call leaves to the next.
type bordering struct {
	half   []byte // of a character
	length int    // of the line
	cut    bool   // its rest is left out
}

// Longest bounds a line of text, in bytes. Documents have longer lines than
// fields: a policy, a template.
const Longest = 64 << 10

// NewBorder is the last writer before a stream: nothing that steers a terminal passes it.
func NewBorder(to io.Writer, k inks, json func() bool) *border {
	return &border{to: to, inks: k, json: json, st: &bordering{}}
}

// NewDocumentBorder is for documents that somebody applies: no line is cut, and
// outside of a terminal nothing is changed.
func NewDocumentBorder(to io.Writer, k inks, json func() bool, screen bool) *border {
	return &border{to: to, inks: k, json: json, long: true, raw: !screen, st: &bordering{}}
}

// Write implements io.Writer.
func (b *border) Write(p []byte) (int, error) {
	if b.raw && !b.json() {
		return b.to.Write(p)
	}
	text := append(b.st.half, p...)
	b.st.half = nil
	var out strings.Builder
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			b.st.half = append([]byte(nil), text...)
			break
		}
		r, n := utf8.DecodeRune(text)
		out.WriteString(b.shown(r, n, text[0]))
		text = text[n:]
	}
	if _, err := io.WriteString(b.to, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shown is one character as it leaves.
func (b *border) shown(r rune, n int, first byte) string {
	isJSON := b.json()
	s := string(r)
	switch mark := b.inks.marks[r]; {
	case r == '\n':
		b.st.length, b.st.cut = 0, false
		return s
	case r == utf8.RuneError && n == 1:
		s = fmt.Sprintf(`\x%02x`, first)
	case mark != "" && !isJSON:
		return mark
	case r == '\t' || !quote.Unsafe(r):
	case isJSON && r > 0xffff:
		s = fmt.Sprintf(`\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
	case isJSON:
		s = fmt.Sprintf(`\u%04x`, r)
	default:
		s = quote.Escape(r)
	}
	if isJSON || b.long {
		return s
	}
	if b.st.length += len(s); b.st.length <= Longest {
		return s
	}
	if b.st.cut {
		return ""
	}
	b.st.cut = true
	return "… (cut)"
}

// Line is a line for what is drawn around the border: without secrets, quoted.
func (f *Face) Line(s string) string {
	if f.WithoutSecrets != nil {
		s = f.WithoutSecrets(s)
	}
	var out strings.Builder
	b := NewBorder(&out, f.Inks, func() bool { return false })
	_, _ = io.WriteString(b, s) // a builder takes it
	return out.String()
}
