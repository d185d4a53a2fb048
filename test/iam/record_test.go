package iam

import (
	"strings"
	"testing"
)

// own is the app file with a role that writes the record of prd.
func own(appFile string) string {
	return strings.Replace(appFile, "  - name: prd\n", "  - name: prd\n    storeRole: arn:aws:iam::111111111111:role/falkirk-shop-prd\n", 1)
}

// Who packs may not write the record of an environment; who may take the role of
// an environment alone takes a release there, and writes nothing else in the store.
func TestARecordIsWrittenByItsOwnRole(t *testing.T) {
	t.Parallel()
	s := newStageOf(t, own(appFile))
	if out := s.admin[builds].Must(t, "iam", "get-role", "--role-name", "falkirk-shop-prd"); !strings.Contains(out, "Writes the record of environment prd") {
		t.Fatalf("the role of the record is %s", out)
	}
	everything, packs, promotes := s.env, s.others[0], s.others[1]

	s.env = packs
	s.write(t, "web/index.html", "one")
	if _, err := s.run(t.Context(), s.env, "pack", "--version", "1.0.0"); err != nil {
		t.Fatal(err)
	}
	if out, err := s.run(t.Context(), s.env, "hold", "prd", "--reason", "no"); err == nil {
		t.Errorf("who packs decides about prd: %s", out)
	}
	s.env = promotes
	for _, args := range [][]string{{"provision", "1.0.0", "--to", "prd"}, {"promote", "1.0.0", "--to", "prd"}, {"status"}, {"verify"}, {"hold", "prd", "--reason", "yes"}} {
		if out, err := s.run(t.Context(), s.env, args...); err != nil {
			t.Errorf("who may take the role of prd alone: %v\n%s", err, out)
		}
	}
	s.write(t, "web/index.html", "two")
	if out, err := s.run(t.Context(), s.env, "pack", "--version", "2.0.0"); err == nil {
		t.Errorf("who promotes packs: %s", out)
	}
	if out, err := s.run(t.Context(), s.env, "stop", "--all", "--reason", "no"); err == nil {
		t.Errorf("who works in prd alone decides about the whole app: %s", out)
	}
	s.env = everything
	if out, err := s.run(t.Context(), s.env, "stop", "--all", "--reason", "yes"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
