package quote_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"falkirk/internal/quote"
)

// Nothing unsafe is left, whatever comes: every character, in pairs, and bytes
// that are no text. What is quoted once stays as it is.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"a\nb\x1b[31m", "\u202eabc\u2066", "\xff\x9b", "\r\n", "é€😀", strings.Repeat("x", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"line": quote.Line(s), "text": quote.Text(s), "folded": quote.Folded(s)} {
			if !utf8.ValidString(got) {
				t.Fatalf("%s of %q is no text: %q", name, s, got)
			}
			for _, r := range got {
				if quote.Unsafe(r) && (name == "line" || r != '\n' && r != '\t') {
					t.Fatalf("%s of %q has %q", name, s, r)
				}
			}
		}
		line := quote.Line(s)
		if len(line) > quote.Longest+100 || len(line) <= quote.Longest && quote.Line(line) != line {
			t.Fatalf("line of %q is %q", s, line)
		}
		for i, l := range strings.Split(quote.Folded(s), "\n") {
			if i > 0 && !strings.HasPrefix(l, quote.Mark) || len(l) > quote.Longest+100 {
				t.Fatalf("line %d of %q is %q", i, s, l)
			}
		}
	})
}

func TestWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\nb":              `a\nb`,
		"\x1b[31mred":       `\x1b[31mred`,
		"\u009b31m":         `\u009b31m`,
		"user\u202etxt.exe": `user\u202etxt.exe`,
		"\u2066x\u2069":     `\u2066x\u2069`,
		"\u200e\u200f":      `\u200e\u200f`,
		"a\u2028b":          `a\u2028b`,
		"\xffa":             `\xffa`,
		"Grüße, 世界 😀":       "Grüße, 世界 😀",
		`C:\new`:            `C:\new`,
	} {
		if got := quote.Line(in); got != want {
			t.Errorf("%q is %q", in, got)
		}
	}
}
