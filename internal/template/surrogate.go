package template

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf16"

	"go.yaml.in/yaml/v4"
)

// surrogates are two escapes that are one character in UTF-16, as programs write
// them that know JSON.
var surrogates = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)

// half is an escape that is no character alone.
var half = regexp.MustCompile(`\\u[dD][89abcdefABCDEF][0-9a-fA-F]{2}`)

// joinPair is the text with the pair of surrogates at a place as one escape. The YAML
// library refuses such pairs; the AWS CLI and CloudFormation take them. The library
// names the place, so that nothing is changed outside of double quotes, where
// the same text means itself.
func joinPair(text []byte, at yaml.Mark) ([]byte, bool) {
	from, to := escapeAt(text, at, surrogates)
	if from < 0 {
		return nil, false
	}
	high, errHigh := strconv.ParseUint(string(text[from+2:from+6]), 16, 32)
	low, errLow := strconv.ParseUint(string(text[from+8:to]), 16, 32)
	if errHigh != nil || errLow != nil {
		return nil, false
	}
	one := fmt.Sprintf(`\U%08x`, utf16.DecodeRune(rune(high), rune(low)))
	return bytes.Join([][]byte{text[:from], []byte(one), text[to:]}, nil), true
}

// halfAt is the half of a pair at a place; "" where there is none.
func halfAt(text []byte, at yaml.Mark) string {
	from, to := escapeAt(text, at, half)
	if from < 0 {
		return ""
	}
	return string(text[from:to])
}

// escapeAt finds the escape that the library stopped in: its mark is behind the
// backslash and the letter. Columns count characters.
func escapeAt(text []byte, at yaml.Mark, form *regexp.Regexp) (from, to int) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if at.Line < 1 || at.Line > len(lines) {
		return -1, -1
	}
	before := len(bytes.Join(lines[:at.Line-1], nil))
	line := []rune(string(lines[at.Line-1]))
	begin := before + len(string(line[:min(max(at.Column-3, 0), len(line))]))
	if found := form.FindIndex(text[begin:]); found != nil && found[0] <= 2 {
		return begin + found[0], begin + found[1]
	}
	return -1, -1
}
