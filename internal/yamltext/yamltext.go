// Package yamltext finds in the text of a YAML file what parsers report badly, or
// in another place: directives, a second document, no-break spaces.
package yamltext

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Reason is why a file is not read.
type Reason struct {
	Line, Column int // from 1, in characters
	Text, Want   string
}

func (r Reason) Error() string {
	return fmt.Sprintf("line %d: %s; expected %s", r.Line, r.Text, r.Want)
}

// Plain takes off a byte order mark and makes every end of a line a line feed.
func Plain(raw []byte) string {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	return string(bytes.ReplaceAll(raw, []byte("\r"), []byte("\n")))
}

// Odd is the first byte that is not UTF-8, or the first character that YAML does not
// take; nil if there is none.
func Odd(text []byte) *Reason {
	line, column := 1, 1
	for rest := text; len(rest) > 0; column++ {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			return &Reason{line, column, fmt.Sprintf("byte 0x%02x is not UTF-8", rest[0]), "a text file in UTF-8"}
		case r == '\n', r == '\r' && !bytes.HasPrefix(rest, []byte("\r\n")):
			line, column = line+1, 0
		case r < ' ' && r != '\t' && r != '\r', r == 0x7f, r == 0xfffe, r == 0xffff:
			return &Reason{line, column, fmt.Sprintf("control character 0x%02x", r), "plain text"}
		}
		rest = rest[size:]
	}
	return nil
}

// OneDocument is the reason against a directive or a second document; nil if there
// is neither. At the beginning of a line the marks mean the same in every context.
func OneDocument(src string) *Reason {
	content, ended := false, false
	for i, line := range strings.Split(src, "\n") {
		starts := mark(line, "---")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") && !content:
		case strings.HasPrefix(line, "%") && (!content || ended):
			return &Reason{i + 1, 1, "a YAML directive", "the file without this line, and without the --- after it"}
		case starts && content, ended && !strings.HasPrefix(line, "#") && !mark(line, "..."):
			return &Reason{i + 1, 1, "a second YAML document", "one document in the file"}
		case starts:
			content = true // an empty document is one
		case mark(line, "..."):
			ended = true
		default:
			content = true
		}
	}
	return nil
}

func mark(line, which string) bool {
	rest, is := strings.CutPrefix(line, which)
	return is && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

const noBreak = "\u00a0"

var (
	// A no-break space where a blank belongs: before a key, or after a colon or a hyphen.
	misplaced = regexp.MustCompile(`^( *(?:- +)*)(?:` + noBreak + `|-` + noBreak + `|[^\s"'#:` + noBreak + `][^\s"'#:` + noBreak + `]*:` + noBreak + `)`)
	scalar    = regexp.MustCompile(`[:-] +[|>][-+0-9]*( +#.*)?$`)
)

// NoBreak lists the no-break spaces that stand where YAML needs a blank. They look
// like one, and are part of a name or a text to YAML. A file with one may be right
// all the same, in a text over several lines.
func NoBreak(src string) []Reason {
	var all []Reason
	block := -1 // the indentation of the line that a block of text belongs to
	for i, line := range strings.Split(src, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if block >= 0 && (strings.TrimSpace(line) == "" || indent > block) {
			continue
		}
		block = -1
		if misplaced.MatchString(line) {
			column := len([]rune(line[:strings.Index(line, noBreak)])) + 1
			all = append(all, Reason{i + 1, column, "a no-break space (U+00A0)", "a blank, which looks the same"})
		}
		if scalar.MatchString(line) {
			block = indent
		}
	}
	return all
}
