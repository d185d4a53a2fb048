//go:build unix

package command

import (
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

const hiddenValue = "AKIASECRETSECRETSECRETSECRET1234"

func hide(text string) string { return strings.ReplaceAll(text, hiddenValue, "***") }

// Secrets are taken out before a text is cut: no part of one is in the reason or
// in the output, wherever the cut goes through it.
func TestNoPartOfASecretIsLeft(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		fmt.Sprintf(`printf '%%0175d%s\n' 0; exit 1`, hiddenValue),              // the last line is cut for the reason
		fmt.Sprintf(`true %s%s; exit 1`, strings.Repeat("x ", 80), hiddenValue), // the command is
		fmt.Sprintf(`/nowhere/%s/%s`, strings.Repeat("x", 150), hiddenValue),    // and the error
		fmt.Sprintf(`yes %s | head -c %d; exit 1`, hiddenValue, 5*most),         // the output begins in a secret
		fmt.Sprintf(`printf '%s'; head -c %d /dev/zero | tr '\0' x; exit 1`, hiddenValue, most-10),
		fmt.Sprintf(`printf '%s'; head -c %d /dev/zero | tr '\0' x; exit 1`, hiddenValue, 2*most-10),
	} {
		g := New(t.TempDir(), []string{"PATH=/usr/bin:/bin"}, self(), hide)
		for _, s := range []Settings{{Shell: Shell{Run: line}}, {Run: []string{"sh", "-c", line}}, {Run: []string{line}}} {
			v, err := g.Ask(t.Context(), question(t, s))
			if err != nil || v.Answer != delivery.Shut {
				t.Fatalf("%.80s: %+v, %v", line, v, err)
			}
			for what, text := range map[string]string{"reason": v.Reason, "output": v.Output} {
				for n := range len(hiddenValue) - 5 {
					if part := hiddenValue[n : n+6]; strings.Contains(text, part) {
						t.Errorf("%.80s: the %s has %q", line, what, part)
						break
					}
				}
			}
		}
	}
}

// In pieces of any size, with the cut at each byte of a secret.
func TestTheCutOfTheOutputLeavesNoPartOfASecret(t *testing.T) {
	t.Parallel()
	for after := 2*most - len(hiddenValue) - 1; after <= 2*most+1; after++ {
		out := &tail{}
		for _, piece := range []string{"before", hiddenValue[:9], hiddenValue[9:], strings.Repeat("-", after)} {
			if _, err := out.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		if got := out.end(hide); strings.Trim(got, "-") != "" {
			t.Fatalf("%d bytes after the secret: %q", after, strings.Trim(got, "-"))
		}
	}
}

// What is put in the place of secrets is shorter than they are, so all that is
// kept can fit where its beginning is shown: the rest of a secret stays out.
func TestShorterTextLeavesNoPartOfASecret(t *testing.T) {
	t.Parallel()
	out := &tail{}
	if _, err := out.Write([]byte(strings.Repeat(hiddenValue, 2*most/len(hiddenValue)) + "x")); err != nil {
		t.Fatal(err)
	}
	if got := out.end(hide); strings.Contains(got, hiddenValue[len(hiddenValue)-6:]) {
		t.Errorf("the output begins with %q", got[:min(40, len(got))])
	}
}
