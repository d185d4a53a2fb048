package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// shortestSecret is the length from which a value is taken for a secret;
// shorter ones would hide ordinary words.
const shortestSecret = 6

// longLine is the length from which one line of a secret is a secret by itself,
// as a line of a private key is.
const longLine = 16

// Texts hides values in texts where no names are known.
func Texts(secrets []string) func(string) string { return newRedaction(secrets, nil).hide }

// allForms are the forms that programs write secrets in, the longest first.
func allForms(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if len(s) < shortestSecret {
			continue
		}
		all = append(all, forms(s)...)
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); line != s && len(line) >= longLine {
				all = append(all, forms(line)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// shortestPart is the length from which the beginning of a secret is hidden before
// a mark of a cut.
const shortestPart = 4

// withoutBeginnings hides the beginning of a secret where a text was cut: before
// "…", which is what every cut in this program ends with.
func withoutBeginnings(text string, forms []string) string {
	if len(forms) == 0 || !strings.Contains(text, "…") {
		return text
	}
	parts := strings.Split(text, "…")
	for i, part := range parts[:len(parts)-1] {
		head := strings.TrimRight(part, `"'`) // a quoted text that was cut
		if n := begun(head, forms); n > 0 {
			parts[i] = head[:len(head)-n] + mark + part[len(head):]
		}
	}
	return strings.Join(parts, "…")
}

// begun is how many bytes at the end of a text begin one of the forms; 0 is none.
func begun(text string, forms []string) int {
	longest := 0
	for _, form := range forms {
		for n := min(len(form)-1, len(text)); n >= max(shortestPart, longest+1); n-- {
			if form[n-1] == text[len(text)-1] && strings.HasSuffix(text, form[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// forms are the ways in which programs write a value.
func forms(s string) []string {
	all := []string{
		s, inner(strconv.Quote(s)), inner(strconv.QuoteToASCII(s)), html.EscapeString(s),
		hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))),
	}
	for _, escapeHTML := range []bool{false, true} {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(s) == nil {
			all = append(all, inner(strings.TrimSuffix(b.String(), "\n")))
		}
	}
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		all = append(all, e.EncodeToString([]byte(s)))
		for before := range 3 {
			all = append(all, core(e, s, before))
		}
	}
	for _, f := range slices.Clone(all) {
		all = append(all, urls(f)...)
	}
	return slices.DeleteFunc(all, func(f string) bool { return len(f) < shortestSecret })
}

func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// core is what base64 makes of a value with so many bytes before it, without the
// characters that depend on what is around it.
func core(e *base64.Encoding, s string, before int) string {
	text := e.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, before), s...))
	return text[(8*before+5)/6 : 8*(before+len(s))/6]
}

// escapes finds the escaped bytes of an address.
var escapes = regexp.MustCompile(`%[0-9A-F]{2}`)

// urls are the ways in which a value is part of an address.
func urls(s string) []string {
	var strict strings.Builder
	for _, b := range []byte(s) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0 {
			strict.WriteByte(b)
		} else {
			strict.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{b})))
		}
	}
	all := []string{url.QueryEscape(s), url.PathEscape(s), (&url.URL{Path: "/" + s}).EscapedPath()[1:], url.User(s).String(), strict.String()}
	for _, u := range slices.Clone(all) {
		all = append(all, escapes.ReplaceAllStringFunc(u, strings.ToLower))
	}
	return all
}

// signedParts finds what makes a pre-signed address of S3 or CloudFront good.
var signedParts = regexp.MustCompile(`(?i)([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|sig|access_token)=)[^&\s"'<>]+`)

func unsigned(text string) string {
	if !strings.Contains(text, "=") {
		return text
	}
	return signedParts.ReplaceAllString(text, "$1"+mark)
}
