package signers

import (
	"strings"
	"testing"
	"time"
)

// A key that is listed gets the reason of its line, and not that it is missing.
func TestAListedKeyGetsItsReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKey(t, dir, "ed", "-t", "ed25519")
	newKey(t, dir, "other", "-t", "ed25519")
	key, other := public(t, dir, "ed"), public(t, dir, "other")
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	sig := sign(t, dir, "ed", "text", "-n", "falkirk-ledger")
	for list, want := range map[string]string{
		"anna namespaces=\"falkirk-approval,git\" KEY":              `line 1 of list: the key is listed for the namespaces "falkirk-approval,git" only, and this signature is in the namespace "falkirk-ledger"`,
		"anna valid-before=\"20260101Z\" KEY":                       "line 1 of list: the key is listed, and has expired: it was valid before 2026-01-01T00:00:00Z",
		"anna valid-after=\"20270101Z\" KEY":                        "line 1 of list: the key is listed, and is valid only after 2027-01-01",
		"anna valid-before=\"20260101Z\" KEY\nanna bad\nanna OTHER": "line 1 of list: the key is listed, and has expired",
		"anna valid-before=\"garbage\" KEY":                         `line 1 of list cannot be used: valid-before: "garbage" is no time`,
		"anna namespaces=falkirk-ledger KEY":                        "line 1 of list cannot be used: namespaces: its value is not in double quotes",
		"anna unknown KEY":                                          `line 1 of list cannot be used: the option "unknown" is not known`,
		"anna cert-authority KEY":                                   "line 1 of list: the key is listed with cert-authority",
		"anna bad\nanna valid-before=\"20260101Z\" KEY":             "line 2 of list: the key is listed, and has expired",
	} {
		l := Parse(strings.NewReplacer("KEY", key, "OTHER", other).Replace(list), "list")
		_, err := l.Verify("anna", "text", sig, "falkirk-ledger", at)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", list, err, want)
		}
		if err := l.WhyNot(key, "falkirk-ledger", at); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s before signing: %v, want %s", list, err, want)
		}
	}
	if err := Parse("anna "+other, "list").WhyNot(key, "falkirk-ledger", at); err != nil {
		t.Error(err)
	}
}
