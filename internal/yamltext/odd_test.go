package yamltext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// What a YAML library does not take has a line and a column, and the rest has none.
func TestOddCharactersHaveAPlace(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= 0x10ffff; r++ {
		if r == 0x3000 { // all planes have the same rule from here on, but for their last two characters
			r = 0xfff0
		}
		if r == 0x10000 {
			break
		}
		if !utf8.ValidRune(r) {
			continue
		}
		text := "a: é\r\nb: \"x" + string(r) + "\"\n"
		var got any
		odd, err := Odd([]byte(text)), yaml.Unmarshal([]byte(text), &got)
		refused := err != nil && strings.Contains(err.Error(), "control characters are not allowed")
		if refused != (odd != nil) && r != 0x7f { // a DEL in an app file is a mistake
			t.Errorf("U+%04X: %v, and the library says %v", r, odd, err)
		}
		if odd != nil && (odd.Line != 2 || odd.Column != 6) {
			t.Errorf("U+%04X: %v", r, odd)
		}
	}
	for text, want := range map[string]int{"a: \xff": 4, "a: \xed\xa0\x80": 4, "é\xc3": 2} {
		if odd := Odd([]byte(text)); odd == nil || odd.Column != want || !strings.Contains(odd.Text, "is not UTF-8") {
			t.Errorf("%q: %v", text, odd)
		}
	}
}
