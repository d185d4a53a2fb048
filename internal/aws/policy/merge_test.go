package policy

import (
	"encoding/json"
	"strings"
	"testing"
)

const foreign = `{"Version":"2008-10-17","Id":"theirs","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*","NotAction":["s3:Get*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}]}`

func want() []Statement {
	return []Statement{{
		Sid: Sid("shop", "BuildsRead"), Principals: map[string][]string{"AWS": {"arn:aws:iam::333333333333:root"}},
		Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::b/*", "arn:aws:s3:::a/*"},
	}}
}

func merge(t *testing.T, before string, want []Statement) (string, string) {
	t.Helper()
	after, changes, err := Merge(before, Ours("shop"), want)
	if err != nil {
		t.Fatal(err)
	}
	signs := ""
	for _, c := range changes {
		signs += c.Sign
	}
	return after, signs
}

func TestMergeKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	after, signs := merge(t, foreign, want())
	if signs != "+" || !strings.Contains(after, `{"Sid":"Theirs","Effect":"Deny","Principal":"*","NotAction":["s3:Get*"]`) || !strings.Contains(after, "2008-10-17") || !strings.Contains(after, `"Id":"theirs"`) {
		t.Errorf("%s %s", signs, after)
	}
	again, signs := merge(t, after, want())
	if signs != "" || again != after {
		t.Errorf("the second time it is changed: %s", signs)
	}
	removed, signs := merge(t, after, nil)
	if signs != "-" || canonical([]byte(removed)) != canonical([]byte(foreign)) {
		t.Errorf("taking ours away leaves %s", removed)
	}
}

// AWS gives a policy back in another order and with accounts for their roots.
func TestMergeKnowsItsOwnAgain(t *testing.T) {
	t.Parallel()
	back := `{"Version":"2012-10-17","Statement":{"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::a/*"],"Effect":"Allow","Action":["s3:GetObject"],"Principal":{"AWS":["333333333333"]},"Sid":"` + Sid("shop", "BuildsRead") + `"}}`
	if after, signs := merge(t, back, want()); signs != "" || after != back {
		t.Errorf("it is changed: %s %s", signs, after)
	}
	changed := want()
	changed[0].Actions = []string{"s3:GetObject", "s3:GetObjectVersion"}
	if after, signs := merge(t, back, changed); signs != "~" || strings.Count(after, "Sid") != 1 {
		t.Errorf("%s %s", signs, after)
	}
	if after, signs := merge(t, back, nil); signs != "-" || after != "" {
		t.Errorf("a policy without statements stays: %q", after)
	}
}

func TestMergeOfAnotherAppIsForeign(t *testing.T) {
	t.Parallel()
	theirs := want()
	theirs[0].Sid = Sid("shop-x", "BuildsRead")
	before := JSON(New(theirs...))
	if after, signs := merge(t, before, nil); signs != "" || after != before {
		t.Errorf("%s %s", signs, after)
	}
}

func FuzzMerge(f *testing.F) {
	f.Add(foreign)
	f.Add("")
	f.Add(`{"Statement":{"Sid":"x"}}`)
	f.Add(`{"Statement":[1]}`)
	f.Fuzz(func(t *testing.T, before string) {
		after, _, err := Merge(before, Ours("shop"), want())
		if err != nil {
			return
		}
		if !json.Valid([]byte(after)) {
			t.Fatalf("%q becomes %q", before, after)
		}
		again, changes, err := Merge(after, Ours("shop"), want())
		if err != nil || len(changes) > 0 || again != after {
			t.Fatalf("it is not settled: %v %v", changes, err)
		}
		was, _ := parse(before)
		is, _ := parse(after)
		if count(was) > count(is) {
			t.Fatalf("foreign statements are lost: %q becomes %q", before, after)
		}
	})
}

// count is how many statements are not ours.
func count(p attached) int {
	n := 0
	for _, raw := range p.Statement {
		if sid, err := sidOf(raw); err == nil && !Ours("shop")(sid) {
			n++
		}
	}
	return n
}
