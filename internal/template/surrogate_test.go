package template

import (
	"strings"
	"testing"

	"falkirk/internal/fault"
)

// TestPairsOfSurrogates: the AWS CLI takes them in double quotes of YAML as in JSON,
// and everywhere else the same text means itself.
func TestPairsOfSurrogates(t *testing.T) {
	t.Parallel()
	const text = "A: \"\\ud83d\\ude00 ä \\uD83D\\uDE01\"\nB: '\\ud83d\\ude00'\nC: \\ud83d\\ude00\nD: |\n  s = \"\\ud83d\\ude00\"\n" +
		"E: \"\\\\ud83d\\\\ude00\"\nF: [\"ä\\ud83d\\ude00\", \"\\U0001f602\"]\n"
	got, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"A": "\U0001f600 ä \U0001f601", "B": `\ud83d\ude00`, "C": `\ud83d\ude00`, "D": "s = \"\\ud83d\\ude00\"\n", "E": `\ud83d\ude00`,
	} {
		if v := Child(got.Root, key).Value; v != want {
			t.Errorf("%s is %q, want %q", key, v, want)
		}
	}
	if f := Child(got.Root, "F").Content; f[0].Value != "ä\U0001f600" || f[1].Value != "\U0001f602" {
		t.Errorf("F is %q, %q", f[0].Value, f[1].Value)
	}
	if strings.Count(string(got.Text), `\ud83d\ude00`) != 3 {
		t.Errorf("the text is now\n%s", got.Text)
	}
	for _, lone := range []string{`A: "x\ud83d"`, `A: "\ude00\ud83d"`, `A: "\ud83d\u0041"`} {
		_, err := Parse("t.yaml", []byte(lone))
		if err == nil || !strings.Contains(err.Error(), "is half of a pair of surrogates") || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", lone, err)
		}
	}
}
