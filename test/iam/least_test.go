package iam

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"falkirk/test/chaos"

	"github.com/google/go-cmp/cmp"
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

// With the policies every phase ends well; without any action of any statement
// the doctor names that action and no other, and some phase fails but for the
// four that clean up or tell errors apart.
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
	denied, unknown := s.examine(t)
	if len(denied) > 0 {
		t.Fatalf("the doctor calls denied %v", denied)
	}
	for _, u := range unknown {
		if action := strings.Fields(u)[1]; !strings.HasPrefix(action, "cloudformation:") {
			t.Errorf("the doctor does not know of %s", u) // it should know how to ask
		}
	}
	// Each one costs a whole release: `make test` tries every third. Some leave behind what a
	// later one is noticed by.
	found, expected, n := map[string]string{}, Noticed(), 0
	for _, name := range []string{"builds", "prd"} {
		id := map[string]string{"builds": builds, "prd": prod}[name]
		all := s.attached(t, id)
		for i, st := range all {
			for _, action := range st.actions() {
				if _, ok := beyond()[action]; ok {
					continue
				}
				if n++; n%chaos.Count(3, 1) != 0 {
					found[name+" "+st.Sid+" "+action] = expected[name+" "+st.Sid+" "+action]
					continue
				}
				s.allow(t, id, document(t, without(all, i, action)))
				asked := !slices.ContainsFunc(unknown, func(u string) bool { return strings.HasPrefix(u, name+" "+action+" ") })
				found[name+" "+st.Sid+" "+action] = s.missed(t, name, action, asked)
				s.allow(t, id, document(t, all))
			}
		}
	}
	if d := cmp.Diff(expected, found); d != "" {
		t.Errorf("who notices is not what noticed.go says (-says +is):\n%s", d)
	}
	s.owners(t)
	if _, err := s.life(t); err != nil {
		t.Errorf("with all of it again: %v", err)
	}
}

// missed says which command noticed that an action is missing. Where the doctor
// can ask for it, it has to name it.
func (s *stage) missed(t *testing.T, name, action string, asked bool) string {
	t.Helper()
	denied, _ := s.examine(t)
	for _, d := range denied {
		if !strings.HasPrefix(d, name+" "+action+" ") {
			t.Errorf("%s lacks %s, and the doctor names %s", name, action, d)
		}
	}
	if asked && len(denied) == 0 {
		t.Errorf("%s lacks %s, and the doctor names nothing", name, action)
	}
	phase, _ := s.life(t)
	switch {
	case phase == "" && !asked:
		return Nobody
	case phase == "":
		return NoPhase
	}
	return phase
}

// What lets the role of the other account read the builds bucket is needed on
// both sides: listing on the bucket, reading on its objects.
func (s *stage) owners(t *testing.T) {
	t.Helper()
	cli := s.admin[builds]
	var got struct{ Policy string }
	cli.JSON(t, &got, "s3api", "get-bucket-policy", "--bucket", "shop-builds")
	var whole struct{ Statement []json.RawMessage }
	if err := json.Unmarshal([]byte(got.Policy), &whole); err != nil {
		t.Fatalf("the bucket policy is %s: %v", got.Policy, err)
	}
	allowed := 0
	for i := range whole.Statement {
		if strings.Contains(string(whole.Statement[i]), `"Deny"`) {
			continue // TestTheRecordIsWrittenOnce looks at these
		}
		allowed++
		raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": slices.Delete(slices.Clone(whole.Statement), i, i+1)})
		if err != nil {
			t.Fatal(err)
		}
		cli.Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", string(raw))
		out, err := s.run(t.Context(), s.env, "doctor", "prd")
		if err == nil || strings.Count(out, "denied  ") != 1 || !strings.Contains(out, "the bucket policy of shop-builds in account builds ("+builds+")") {
			t.Errorf("without statement %d of the bucket policy the doctor says %s", i, out)
		}
		_, failed := s.life(t)
		if isReading := strings.Contains(string(whole.Statement[i]), "s3:GetObject"); isReading != (failed != nil) {
			t.Errorf("without %s: %v", whole.Statement[i], failed)
		}
	}
	if allowed != 2 {
		t.Errorf("the bucket policy has %d statements that let in: %s", allowed, got.Policy)
	}
	cli.Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", got.Policy)
}
