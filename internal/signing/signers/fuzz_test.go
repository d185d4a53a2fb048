package signers

import (
	"testing"
	"time"
)

const someKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDO0VQD9TIdICZLWFWwtf7s8/aENve8twGTEmNV0myh5"

// FuzzList finds no list and no signature that panics, and no line with a
// problem that allows somebody.
func FuzzList(f *testing.F) {
	for _, s := range []string{
		"anna " + someKey, "\"anna,ben\" namespaces=\"git\" " + someKey,
		"*@x cert-authority,valid-after=\"20260101\",valid-before=\"20270101Z\" " + someKey, "a \\\"", "#", "!a,*",
	} {
		f.Add(s, "anna", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n")
	}
	f.Fuzz(func(t *testing.T, text, who, armored string) {
		list := Parse(text, "list")
		for _, l := range list.Lines {
			if l.Problem == nil && l.Key == nil {
				t.Errorf("line %d has neither key nor problem", l.Number)
			}
		}
		if _, err := list.Verify(who, "m", armored, space, time.Now()); err == nil {
			t.Error("a signature out of nothing")
		}
		if _, err := list.Principals(someKey, space, time.Now()); err != nil {
			t.Error(err)
		}
	})
}
