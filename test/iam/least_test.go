package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// statement is one of a policy as create account attached it.
type statement struct {
	Sid       string          `json:"Sid"`
	Effect    string          `json:"Effect"`
	Action    any             `json:"Action"`
	Resource  json.RawMessage `json:"Resource"`
	Condition json.RawMessage `json:"Condition,omitempty"`
}

func (s statement) actions() []string {
	switch v := s.Action.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, a := range v {
			all = append(all, fmt.Sprint(a))
		}
		return all
	}
	return nil
}

// attached is the policy of an account's role, read by the AWS CLI.
func (s *stage) attached(t *testing.T, id string) []statement {
	t.Helper()
	var got struct {
		PolicyDocument struct{ Statement []statement }
	}
	s.admin[id].JSON(t, &got, "iam", "get-role-policy", "--role-name", role, "--policy-name", role)
	return got.PolicyDocument.Statement
}

func document(t *testing.T, all []statement) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": all})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// without takes one action of a statement away.
func without(all []statement, i int, action string) []statement {
	out := slices.Clone(all)
	left := slices.DeleteFunc(out[i].actions(), func(a string) bool { return a == action })
	if len(left) == 0 {
		return slices.Delete(out, i, i+1)
	}
	out[i].Action = left
	return out
}

// beyond is what the emulator cannot show: the page on security lists it.
func beyond() map[string]string {
	return map[string]string{
		"iam:SimulatePrincipalPolicy": "the emulator has no simulator; the doctor says so and probes",
	}
}

// spare is what no phase of a run that goes well needs, and why it is there: the
// doctor alone notices that it is missing.
func spare() map[string]string {
	return map[string]string{
		"builds StoreAbort s3:AbortMultipartUpload": "gives up an upload that was broken off",
		"builds StoreTidy s3:DeleteObject":          "removes what ended runs have left; they go on without",
		"prd SiteAbort s3:AbortMultipartUpload":     "gives up a copy that was broken off",
		"prd BuildsList s3:ListBucket":              "tells a blob that is missing from one that may not be read",
	}
}

// With the policies every phase ends well; without any action of any statement
// some phase fails, or the doctor names that action and no other.
func TestThePoliciesSufficeAndDoNotExceed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for range 3 {
		if _, err := s.life(t); err != nil {
			t.Fatalf("with all of it: %v", err)
		}
	}
	if out, err := s.run(t.Context(), s.env, "rollback", "prd"); err != nil {
		t.Fatalf("with all of it: %v\n%s", err, out)
	}
	if denied, unknown := s.examine(t); len(denied)+len(unknown) > 0 {
		t.Fatalf("the doctor calls denied %v, unknown %v", denied, unknown)
	}
	found := map[string]string{}
	for name, id := range map[string]string{"builds": builds, "prd": prod} {
		all := s.attached(t, id)
		for i, st := range all {
			for _, action := range st.actions() {
				if _, ok := beyond()[action]; ok {
					continue
				}
				s.allow(t, id, document(t, without(all, i, action)))
				what := name + " " + st.Sid + " " + action
				found[what] = s.missed(t, name, action)
				if _, ok := spare()[what]; ok != strings.HasPrefix(found[what], "no phase") {
					t.Errorf("%s: %s", what, found[what])
				}
				s.allow(t, id, document(t, all))
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%-60s %s", what, found[what])
	}
	if len(found) < 12 {
		t.Errorf("only %d actions were taken away", len(found))
	}
	if _, err := s.life(t); err != nil {
		t.Errorf("with all of it again: %v", err)
	}
}

// missed says who noticed that an action is missing, and fails where nobody did.
func (s *stage) missed(t *testing.T, name, action string) string {
	t.Helper()
	denied, _ := s.examine(t)
	for _, d := range denied {
		if !strings.HasPrefix(d, name+" "+action+" ") {
			t.Errorf("%s lacks %s, and the doctor names %s", name, action, d)
		}
	}
	phase, _ := s.life(t)
	if phase == "" && len(denied) == 0 {
		t.Errorf("%s lacks %s, and nobody noticed", name, action)
	}
	by := "no phase"
	if phase != "" {
		by = phase
	}
	if len(denied) > 0 {
		by += ", doctor"
	}
	return by
}
