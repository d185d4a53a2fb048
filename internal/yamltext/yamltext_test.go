package yamltext_test

import (
	"testing"

	"falkirk/internal/yamltext"
)

func TestOneDocument(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: 1\n": "", "---\na: 1\n...\n": "", "# c\n\n---\na: 1\n": "", "a: 1\n...\n# end\n...\n": "", "a: |\n  ---\n  %b\n": "", "--- {a: 1}\n": "",
		"%YAML 1.2\n---\na: 1\n": "line 1: a YAML directive", "# c\n%TAG ! x:\n---\na: 1\n": "line 2: a YAML directive", "a: 1\n...\n%YAML 1.2\n---\nb: 2\n": "line 3: a YAML directive",
		"a: 1\n---\n": "line 2: a second YAML document", "---\na: 1\n---\nb: 2\n": "line 3: a second YAML document", "a: 1\n...\nb: 2\n": "line 3: a second YAML document",
		"---\n---\na: 1\n": "line 2: a second YAML document",
	} {
		got := ""
		if r := yamltext.OneDocument(text); r != nil {
			got = r.Error()
		}
		if (got == "") != (want == "") || len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestNoBreakSpaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int{
		"a:\u00a01\n": {1, 3}, "a: 1\n\u00a0\u00a0b: 2\n": {2, 1}, "a:\n  - b\n  -\u00a0c\n": {3, 4}, "a:\n  \u00a0b: 1\n": {2, 3}, "- a:\u00a01\n": {1, 5},
		"a: x\u00a0y\n": {}, "a: |\n  \u00a0x\n  b:\u00a0c\n": {}, "a: \"b:\u00a0c\"\n": {}, "# a:\u00a0b\n": {}, "a: b:\u00a0c\n": {},
	} {
		var got [2]int
		for _, r := range yamltext.NoBreak(text) {
			got = [2]int{r.Line, r.Column}
		}
		if got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
