package iam

import (
	"encoding/json"
	"slices"
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
	s.examinesTheRole(t, everything, packs)
}

// The doctor says whether the role of a record can be assumed, may append to its
// own ledger and to no other, and what to do.
func (s *stage) examinesTheRole(t *testing.T, everything, packs []string) {
	t.Helper()
	const name = role + "-prd"
	doctor := func(env []string, isGood bool, want ...string) {
		t.Helper()
		out, err := s.run(t.Context(), env, "doctor", "builds")
		if (err == nil) != isGood {
			t.Errorf("the doctor: %v\n%s", err, out)
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("the doctor does not say %q:\n%s", w, out)
			}
		}
	}
	doctor(everything, true, "builds (storeRole of prd)", "0 denied", "2 accounts of 2 reached")
	doctor(packs, false, "the storeRole of environment prd (arn:aws:iam::111111111111:role/"+name+") cannot be assumed",
		"falkirk create account builds --principal prd=ARN", "1 account of 2 reached")

	cli := s.admin[builds]
	var got struct {
		PolicyDocument struct{ Statement []statement }
	}
	cli.JSON(t, &got, "iam", "get-role-policy", "--role-name", name, "--policy-name", name)
	all := got.PolicyDocument.Statement
	set := func(of string, all []statement) {
		cli.Must(t, "iam", "put-role-policy", "--role-name", of, "--policy-name", of, "--policy-document", document(t, all))
	}
	for i, st := range all {
		if st.Sid == "RecordWrite" {
			set(name, without(all, i, "s3:PutObject"))
			doctor(everything, false, "denied  prd/eu-central-1: s3:PutObject on arn:aws:s3:::shop-builds/team/ledger/shop/prd/*", "add to the policies of arn:aws:iam::111111111111:role/"+name, "falkirk create account builds")
		}
	}
	wide := statement{Sid: "Wide", Effect: "Allow", Action: "s3:PutObject", Resource: json.RawMessage(`"arn:aws:s3:::shop-builds/team/ledger/*"`)}
	set(name, append(slices.Clone(all), wide))
	doctor(everything, false, "excess  prd/eu-central-1: s3:PutObject on arn:aws:s3:::shop-builds/team/ledger/shop/_app/*",
		"allowed, and must not be: arn:aws:iam::111111111111:role/"+name+" may s3:PutObject", "remove the statement")
	set(name, all)

	deploy := s.attached(t, builds)
	set(role, append(slices.Clone(deploy), wide))
	doctor(everything, false, "excess  eu-central-1: s3:PutObject on arn:aws:s3:::shop-builds/team/ledger/shop/prd/*")
	set(role, deploy)
	doctor(everything, true)
}
