// Package quote makes text that came from outside safe to show: a reason, a name,
// the output of a gate, an error of a service. What steers a terminal, draws a
// line of its own or turns the direction of a text around is shown as an escape.
package quote

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Longest is how many bytes of one field are shown.
const Longest = 4000

// Line is a field as part of one line, of bounded length.
func Line(s string) string { return cut(escape(s, false)) }

// Text is a text of several lines. Line ends and tabs stay.
func Text(s string) string { return escape(s, true) }

// Mark is the beginning of every line of a folded text but the first.
const Mark = "    | "

// Folded is a text of several lines in which all but the first begin with Mark,
// so that none of them can be taken for a line of ours. Its lines are bounded.
func Folded(s string) string {
	lines := strings.Split(strings.TrimRight(Text(s), "\n"), "\n")
	for i, line := range lines {
		lines[i] = cut(line)
	}
	return strings.Join(lines, "\n"+Mark)
}

// Unsafe reports whether a character is shown as an escape: control characters,
// marks that change the direction of a text or cannot be seen, other line ends.
func Unsafe(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x206f: // direction
		return true
	case r == 0x2028, r == 0x2029, r == 0xfeff, r == 0x200b, r >= 0xfff9 && r <= 0xfffb: // line ends, nothing to see
		return true
	case r >= 0xe0000 && r <= 0xe007f: // tags
		return true
	}
	return false
}

// Escape is how a character is shown.
func Escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

func escape(s string, lines bool) string {
	keep := func(r rune) bool { return !Unsafe(r) || lines && (r == '\n' || r == '\t') }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !keep(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case keep(r):
			b.WriteRune(r)
		case lines && r == '\r' && strings.HasPrefix(s[i+n:], "\n"): // the line end of Windows
		default:
			b.WriteString(Escape(r))
		}
		i += n
	}
	return b.String()
}

// cut bounds a line.
func cut(s string) string {
	if len(s) <= Longest {
		return s
	}
	end := Longest
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes more)", s[:end], len(s)-end)
}
