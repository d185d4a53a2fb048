package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// spellings are how programs show a value, made here by others than the code
// under test where there are such.
func spellings(t *testing.T, s string) map[string]string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://host", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("user", s)
	raw, err := json.Marshal(map[string]string{"a": s})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"plain": s, "in a text": "before " + s + " after", "query": "https://h/?" + url.Values{"x": {s}}.Encode(),
		"path": (&url.URL{Path: "/a/" + s}).EscapedPath(), "path segment": url.PathEscape(s), "json": string(raw),
		"quoted": strconv.Quote(s), "html": html.EscapeString(s), "hex": hex.EncodeToString([]byte(s)),
		"basic": req.Header.Get("Authorization"), "user": url.UserPassword("user", s).String(),
	}
	for i := range 4 {
		before, after := strings.Repeat("b", i), strings.Repeat("a", rand.N(5)) //nolint:gosec // a test
		for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "raw": base64.RawStdEncoding, "url": base64.URLEncoding, "raw url": base64.RawURLEncoding} {
			encoded := e.EncodeToString([]byte(before + s + after))
			all[fmt.Sprint("base64 ", name, i)] = encoded
			all[fmt.Sprint("base64 in a query ", name, i)] = url.QueryEscape(encoded)
		}
	}
	return all
}

// No spelling of a secret passes: random ones, of letters and of everything.
func TestSecretsAreHiddenInEveryForm(t *testing.T) {
	t.Parallel()
	alphabets := []string{"abcXYZ0189", `aZ09+/=%& "'<>\?#:@~$` + "\t\n", "aé€😀ß"}
	for n := range 500 {
		letters := []rune(alphabets[n%len(alphabets)])
		var b strings.Builder
		b.WriteString("k") // a secret that begins or ends with white space is trimmed where a line ends
		for b.Len() < shortestSecret+n%40 {
			b.WriteRune(letters[rand.N(len(letters))]) //nolint:gosec // a test
		}
		b.WriteString("k")
		s := b.String()
		clean := Texts([]string{"another secret", s})
		for name, text := range spellings(t, s) {
			got := clean(text)
			if strings.Contains(got, s) || got == text {
				t.Fatalf("%s of %q passes: %q is %q", name, s, text, got)
			}
			// What is left of base64 is less than a third of the secret.
			if strings.HasPrefix(name, "base64") && len(strings.ReplaceAll(got, "***", "")) > 20 {
				t.Fatalf("%s of %q leaves %q", name, s, got)
			}
		}
	}
}

// Each long line of a secret is one, and ordinary text stays as it is.
func TestLinesOfASecretAreHidden(t *testing.T) {
	t.Parallel()
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\n-----END KEY-----\n"
	clean := Texts([]string{key, "abc"})
	if got := clean("  | MIIEvQIBADANBgkqhkiG"); got != "  | ***" {
		t.Error(got)
	}
	if got := clean("short abc ordinary words: dG9vIHNob3J0"); got != "short abc ordinary words: dG9vIHNob3J0" {
		t.Error(got)
	}
}

// A pre-signed address loses what makes it good, also where no secret is known.
func TestSignedAddressesAreHidden(t *testing.T) {
	t.Parallel()
	got := Texts(nil)("https://b/k?X-Amz-Date=1&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abc&X-Amz-Security-Token=def end")
	if got != "https://b/k?X-Amz-Date=1&X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Security-Token=*** end" {
		t.Error(got)
	}
}

// However short a text with a secret is cut, no part of the secret is left that
// is long enough to be of use.
func TestTheBeginningOfASecretIsHidden(t *testing.T) {
	t.Parallel()
	const secret = `AKIA/SECRET+0123 "quoted"=`
	clean, written := Texts([]string{secret}), forms(secret)
	for name, text := range spellings(t, secret) {
		for at := range text {
			for _, mark := range []string{"…", "… (12 bytes more)", `"… is too long`} {
				got := clean("before " + text[:at] + mark)
				for _, form := range written {
					if strings.Contains(got, form[:shortestPart+1]) && strings.Contains(text, form) {
						t.Fatalf("%s cut at %d: %q has %q", name, at, got, form[:shortestPart+1])
					}
				}
			}
		}
	}
	if got := clean("A … B … AKI…"); got != "A … B … AKI…" {
		t.Errorf("text without a secret is changed: %q", got)
	}
}
