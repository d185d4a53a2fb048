package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

func hiding(names []string, secrets ...string) *Hider {
	h := &Hider{secrets: secrets, names: map[string]bool{}}
	h.Show(names...)
	return h
}

// A value that is a name is no secret, and a name that contains one stays whole.
// What overlaps a name and is more than it is hidden.
func TestNamesStay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names   []string
		secret  string
		text    string
		want    string
		because string
	}{
		{[]string{"production"}, "production", "v1 is live in production", "v1 is live in production", "it is a name"},
		{[]string{"eu-central-1"}, "central", "in eu-central-1, central", "in eu-central-1, ***", "a region contains it"},
		{[]string{"1.0-2-ga1b2c3d"}, "a1b2c3d", "1.0-2-ga1b2c3d of a1b2c3d", "1.0-2-ga1b2c3d of ***", "a version contains it"},
		{[]string{"a-secret"}, "secret", "xa-secret", "xa-***", "the name is only a part of a word"},
		{[]string{"eu-secret-1"}, "secret-1/more", "eu-secret-1/more", "eu-***", "the secret goes on after the name"},
		{[]string{"eu-abcdef-1"}, "abcdef", "eu-abcdef-1 abcdefabcdef", "eu-abcdef-1 ******", "two beside each other"},
		{nil, "production", "v1 is live in production", "v1 is live in ***", "there is no such name"},
	} {
		if got := hiding(c.names, c.secret).Redact(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.because, got, c.want)
		}
	}
}

// Whatever the names are: a text that is not a name loses every secret.
func TestNamesHideNothingElse(t *testing.T) {
	t.Parallel()
	word := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("ab-1"[rand.N(4)]) //nolint:gosec // a test
		}
		return b.String()
	}
	for range 3000 {
		secret := "S" + word(6) + "S"
		names := []string{word(3), word(5), word(2) + "S", "S" + word(3)}
		text := fmt.Sprintf("%s%s %s%s%s/%s", word(2), secret, names[2], secret, names[3], secret)
		if got := hiding(names, secret).Redact(text); strings.Contains(got, secret) {
			t.Fatalf("names %q: %q is %q", names, text, got)
		}
	}
}

// The versions in the store are asked for once, and only where a text has something
// to hide.
func TestReleasesAreLookedUpWhenNeeded(t *testing.T) {
	t.Parallel()
	asked := 0
	h := hiding(nil, "v1.2.3-rc1", "hunter2-hidden")
	h.releases = func() []string { asked++; return []string{"v1.2.3-rc1"} }
	if got := h.Redact("nothing to hide"); got != "nothing to hide" || asked != 0 {
		t.Errorf("%q, asked %d times", got, asked)
	}
	for range 3 {
		if got := h.Redact("v1.2.3-rc1 with hunter2-hidden"); got != "v1.2.3-rc1 with ***" {
			t.Error(got)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// Names that others have written in a ledger are shown.
func TestNamesOfTheLedgerStay(t *testing.T) {
	t.Parallel()
	h := hiding(nil, "ben.miller", "removed-env", "v9.9.9-beta")
	h.showRecord(delivery.Record{
		Recent:   []delivery.Operation{{Actor: "ben.miller", Version: "v9.9.9-beta"}},
		Standing: []delivery.Standing{{Place: delivery.Place{Environment: "removed-env"}}},
	})
	if got := h.Redact("ben.miller removed-env v9.9.9-beta"); got != "ben.miller removed-env v9.9.9-beta" {
		t.Error(got)
	}
}
