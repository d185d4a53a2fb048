package signers

import (
	"strings"
	"testing"
	"time"
)

// TestAgreesWithSSHKeygen asks both about the same signatures and lists.
func TestAgreesWithSSHKeygen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kinds := map[string][]string{
		"ed": {"-t", "ed25519"}, "p256": {"-t", "ecdsa", "-b", "256"}, "p384": {"-t", "ecdsa", "-b", "384"},
		"p521": {"-t", "ecdsa", "-b", "521"}, "rsa": {"-t", "rsa", "-b", "2048"}, "other": {"-t", "ed25519"},
	}
	for name, args := range kinds {
		newKey(t, dir, name, args...)
	}
	const message = "falkirk approval 1\n\"anna\" approves\n"
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	other := public(t, dir, "other")
	// KEY stands for the signer's key; ok says what both must answer.
	lists := []struct {
		who, list string
		ok        bool
	}{
		{"anna", "anna KEY", true},
		{"anna", "anna KEY a comment", true},
		{"anna", " \tanna \t KEY\r", true},
		{"anna", "# all\n\nben " + other + "\nanna KEY\n", true},
		{"anna", "\"anna\" KEY", true},
		{"anna", "\"ben,anna\" KEY", true},
		{"anna", "ben,\"anna\" KEY", true},
		{"anna", "\"anna KEY", false},
		{"anna", "ben KEY", false},
		{"anna", "", false},
		{"anna", "anna " + other, false},
		{"anna", "anna " + other + "\nanna KEY", true},
		{"anna", "anna", false},
		{"anna", "anna ssh-ed25519", false},
		{"anna", "anna ssh-ed25519 AAAA", false},
		{"anna", "anna ssh-rsa-sha9 KEY", false},
		{"Anna", "anna KEY", false},
		{"anna@example.com", "*@example.com KEY", true},
		{"anna@example.org", "*@example.com KEY", false},
		{"anna@example.com", "*@example.com,!anna@* KEY", false},
		{"anna@example.com", "!anna@*,*@example.com KEY", false},
		{"anna@example.com", "!ben@*,*@example.com KEY", true},
		{"anna", "!ben KEY", false},
		{"anna", "ann? KEY", true},
		{"anna", "ann?? KEY", false},
		{"anna", "a*n*a KEY", true},
		{"anna", "a**a,b KEY", true},
		{"anna", "*b* KEY", false},
		{"anna", ",anna KEY", true},
		{"anna", strings.Repeat("x", 1024) + ",anna KEY", false},
		{"anna", "anna namespaces=\"falkirk-approval\" KEY", true},
		{"anna", "anna namespaces=\"git,falkirk-*\" KEY", true},
		{"anna", "anna namespaces=\"git\" KEY", false},
		{"anna", "anna namespaces=\"\" KEY", false},
		{"anna", "anna namespaces=\"!falkirk-approval,*\" KEY", false},
		{"anna", "anna NameSpaces=\"falkirk-approval\" KEY", true},
		{"anna", "anna namespaces=git KEY", false},
		{"anna", "anna namespaces=\"git KEY", false},
		{"anna", "anna namespaces=\"*\",namespaces=\"*\" KEY", false},
		{"anna", "anna cert-authority KEY", false},
		{"anna", "anna unknown KEY", false},
		{"anna", "anna unknown=\"1\" KEY", false},
		{"anna", "anna valid-aft=\"20260101\" KEY", false},
		{"anna", "anna namespaces=\"*\", KEY", false},
		{"anna", "anna namespaces=\"*\"x KEY", false},
		{"anna", "anna valid-after=\"20261121120000Z\" KEY", true},
		{"anna", "anna valid-after=\"20261121120001Z\" KEY", false},
		{"anna", "anna valid-after=\"202611211201Z\" KEY", false},
		{"anna", "anna valid-after=\"20261121Z\" KEY", true},
		{"anna", "anna valid-after=\"20261122Z\" KEY", false},
		{"anna", "anna valid-before=\"20261121120000Z\" KEY", true},
		{"anna", "anna valid-before=\"20261121115959Z\" KEY", false},
		{"anna", "anna valid-before=\"20271231\" KEY", true},
		{"anna", "anna valid-before=\"20251231\" KEY", false},
		{"anna", "anna valid-before=\"tomorrow\" KEY", false},
		{"anna", "anna valid-before=\"\" KEY", false},
		{"anna", "anna valid-before=\"2026\" KEY", false},
		{"anna", "anna valid-after=\"20260101\",valid-before=\"20270101\",namespaces=\"falkirk-approval\" KEY", true},
		{"anna", "anna valid-after=\"20270101\",valid-before=\"20260101\" KEY", false},
		{"anna", "anna valid-before=\"20250101\" KEY\nanna KEY", true},
		{"anna", "anna unknown KEY\nanna KEY", true},
	}
	for name := range kinds {
		if name == "other" {
			continue
		}
		key, armored := public(t, dir, name), sign(t, dir, name, message, "-n", space)
		for _, l := range lists {
			if name != "ed" && name != "rsa" && strings.Contains(l.list, "\"") {
				continue // options are no matter of the key
			}
			err := agrees(t, dir, strings.ReplaceAll(l.list, "KEY", key), l.who, message, armored, at)
			if (err == nil) != l.ok {
				t.Errorf("%s: %q is %v, want %v", name, l.list, err, l.ok)
			}
		}
		if agrees(t, dir, "anna "+key, "anna", message+" ", armored, at) == nil {
			t.Error(name, "another message")
		}
		elsewhere := sign(t, dir, name, message, "-n", "git")
		if agrees(t, dir, "anna "+key, "anna", message, elsewhere, at) == nil {
			t.Error(name, "another namespace")
		}
		small := sign(t, dir, name, message, "-n", space, "-O", "hashalg=sha256")
		if err := agrees(t, dir, "anna "+key, "anna", message, small, at); err != nil {
			t.Error(name, "sha256", err)
		}
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"ca", "anna", "host", "nobody", "second"} {
		newKey(t, dir, name, "-t", "ed25519")
	}
	newKey(t, dir, "rsa", "-t", "rsa", "-b", "2048")
	certify := func(key string, args ...string) {
		must(t, dir, "", append(append([]string{"-q", "-s", "ca", "-I", key}, args...), key+".pub")...)
	}
	certify("anna", "-n", "anna@example.com", "-V", "20260101000000Z:20270101000000Z")
	certify("rsa", "-n", "anna@example.com", "-V", "20260101000000Z:20270101000000Z")
	certify("host", "-h", "-n", "anna@example.com")
	certify("nobody")
	const message = "hello\n"
	ca := "*@example.com cert-authority " + public(t, dir, "ca")
	in := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		key, who, list string
		at             time.Time
		ok             bool
	}{
		{"anna", "anna@example.com", ca, in, true},
		{"rsa", "anna@example.com", ca, in, true},
		{"anna", "ben@example.com", ca, in, false},
		{"anna", "anna@example.com", ca, in.AddDate(1, 0, 0), false},
		{"anna", "anna@example.com", ca, in.AddDate(-1, 0, 0), false},
		{"anna", "anna@example.com", strings.Replace(ca, " cert-authority", "", 1), in, false},
		{"anna", "anna@example.com", "*@example.com " + public(t, dir, "anna"), in, false},
		{"anna", "anna@example.com", strings.Replace(ca, "cert-authority", "cert-authority,namespaces=\"git\"", 1), in, false},
		{"anna", "anna@example.com", strings.Replace(ca, "cert-authority", "Cert-Authority,valid-before=\"20260601\"", 1), in, false},
		{"anna", "anna@example.com", "*@example.com cert-authority " + public(t, dir, "second"), in, false},
		{"host", "anna@example.com", ca, in, false},
		{"nobody", "anna@example.com", ca, in, false},
	}
	for _, tt := range tests {
		armored := sign(t, dir, tt.key+"-cert.pub", message, "-n", space)
		if err := agrees(t, dir, tt.list, tt.who, message, armored, tt.at); (err == nil) != tt.ok {
			t.Errorf("%s as %s at %s: %v, want %v", tt.key, tt.who, tt.at, err, tt.ok)
		}
	}
}

// TestRefusesMore is what we refuse and ssh-keygen takes.
func TestRefusesMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKey(t, dir, "ed", "-t", "ed25519")
	key, armored := public(t, dir, "ed"), sign(t, dir, "ed", "m", "-n", space)
	for _, list := range []string{"anna valid-before=\"20270231\" KEY", "anna ,namespaces=\"*\" KEY", "anna\x00 KEY"} {
		if _, err := Parse(strings.ReplaceAll(list, "KEY", key), "list").Verify("anna", "m", armored, space, time.Now()); err == nil {
			t.Errorf("%q is taken", list)
		}
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKey(t, dir, "ed", "-t", "ed25519")
	key := public(t, dir, "ed")
	list := Parse("anna,a*,ben "+key+"\nold valid-before=\"20200101\" "+key+"\ngit namespaces=\"git\" "+key, "list")
	got, err := list.Principals(key, space, time.Now())
	if err != nil || strings.Join(got, " ") != "anna ben" {
		t.Errorf("%v, %v", got, err)
	}
}
