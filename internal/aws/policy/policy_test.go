package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

const (
	builds = "111111111111"
	prod   = "333333333333"
	role   = "arn:aws:iam::333333333333:role/falkirk-shop"
)

func input() Input {
	place := delivery.Place{Environment: "prd", Account: "prd", Region: "eu-central-1"}
	other := place
	other.Region = "us-east-1"
	return Input{
		App: delivery.App{Name: "shop", StoreAccount: "builds", Accounts: []delivery.Account{
			{Name: "builds", ID: builds, Role: "arn:aws:iam::111111111111:role/falkirk-shop", Region: "eu-central-1"},
			{Name: "prd", ID: prod, Role: role, Region: "eu-central-1"},
		}, Environments: []delivery.Environment{{
			Name: "prd", Places: []delivery.Place{place, other},
			Landings: []delivery.Landing{
				{Place: place, Component: "web", Target: "site", Settings: json.RawMessage(`"one"`)},
				{Place: other, Component: "web", Target: "site", Settings: json.RawMessage(`"two"`)},
			},
		}}},
		Store: Store{Bucket: "builds-bucket", Prefix: "shop", Account: builds, Region: "eu-central-1"},
		Kinds: map[string]Kind{"site": func(p delivery.Placement, at Scope) []Statement {
			var bucket string
			if json.Unmarshal(p.Settings, &bucket) != nil {
				return nil
			}
			write := Statement{Sid: "SiteWrite", Why: "w", Actions: []string{"s3:PutObject"}, Resources: []string{at.Objects(bucket, "")}}
			return append(at.ReadNeeds(), write)
		}},
	}
}

func TestEachRoleGetsWhatItsPlacesNeed(t *testing.T) {
	t.Parallel()
	all := Derive(input())
	var sids []string
	for _, s := range all[1].Role {
		sids = append(sids, s.Sid)
		if slices.Contains(s.Resources, "*") || slices.Contains(s.Actions, "*") {
			t.Errorf("%s has a star alone", s.Sid)
		}
	}
	if got := strings.Join(sids, " "); got != "BuildsList BuildsRead DoctorSimulate SiteWrite" {
		t.Errorf("prd may %s", got)
	}
	write := all[1].Role[3]
	if got := strings.Join(write.Resources, " "); got != "arn:aws:s3:::one/* arn:aws:s3:::two/*" {
		t.Errorf("prd writes to %s", got)
	}
	if len(all[1].Places) != 2 || all[1].Builds || len(all[1].Grants) != 0 {
		t.Errorf("prd is %+v", all[1])
	}
	for _, s := range all[0].Role {
		if strings.Contains(JSON(s), prod) || strings.Contains(JSON(s), "one") {
			t.Errorf("the builds role reaches into production: %s", JSON(s))
		}
	}
}

// In a bucket policy the list action is on the bucket, the read action on its
// objects; both name the role of the other account.
func TestTheBuildsBucketLetsTheOtherAccountReadAndNoMore(t *testing.T) {
	t.Parallel()
	grants := lets(Derive(input())[0].Grants)
	if len(grants) != 1 || grants[0].Resource != "arn:aws:s3:::builds-bucket" || grants[0].Name() != "builds-bucket" {
		t.Fatalf("the grants are %+v", grants)
	}
	got := JSON(New(grants[0].Statements...))
	for _, want := range []string{
		`"s3:ListBucket",` + "\n" + `      "Resource": "arn:aws:s3:::builds-bucket"`,
		`"s3:GetObject",` + "\n" + `      "Resource": "arn:aws:s3:::builds-bucket/shop/blobs/*"`,
		`"AWS": "arn:aws:iam::333333333333:root"`, `"aws:PrincipalArn": "` + role + `"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, "Put") || strings.Contains(got, "Delete") || len(grants[0].Statements) != 2 {
		t.Errorf("it lets write: %s", got)
	}
}

// lets is what grants allow, without what they deny.
func lets(all []Grant) []Grant {
	var out []Grant
	for _, g := range all {
		g.Statements = slices.DeleteFunc(slices.Clone(g.Statements), func(s Statement) bool { return s.Deny })
		if len(g.Statements) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func TestTwoRolesShareAStatement(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Accounts = append(in.App.Accounts, delivery.Account{Name: "sat", ID: "222222222222", Role: "arn:aws:iam::222222222222:role/falkirk-shop", Region: "eu-central-1"})
	in.App.Environments = append(in.App.Environments, delivery.Environment{Name: "sat", Landings: []delivery.Landing{{
		Place: delivery.Place{Environment: "sat", Account: "sat", Region: "eu-central-1"}, Target: "site", Settings: json.RawMessage(`"sat"`),
	}}})
	statements := lets(Derive(in)[0].Grants)[0].Statements
	if len(statements) != 2 {
		t.Fatalf("there are %d statements: %s", len(statements), JSON(statements))
	}
	if n := len(statements[0].Conditions["ArnEquals"]["aws:PrincipalArn"]); n != 2 {
		t.Errorf("it names %d roles", n)
	}
}

// All accounts may be one: no grants are needed then.
func TestOneAccountForAllNeedsNoGrant(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Accounts[1].ID = builds
	for _, s := range Derive(in) {
		if got := lets(s.Grants); len(got) > 0 {
			t.Errorf("%s grants %+v", s.Account.Name, got)
		}
	}
}

// A chain that leads through the role of another account needs a statement there.
func TestAChainThroughAnotherAccountIsAllowedThere(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Accounts[1].Via = []string{in.App.Accounts[0].Role}
	in.App.Accounts[1].Tags = map[string]string{"team": "web"}
	all := Derive(in)
	i := slices.IndexFunc(all[0].Role, func(s Statement) bool { return s.Sid == "ChainOnward" })
	if i < 0 || all[0].Role[i].Resources[0] != role || len(all[0].Role[i].Actions) != 2 {
		t.Errorf("builds may %s", JSON(all[0].Role))
	}
	if len(all[0].Grants) != 1 {
		t.Errorf("the grants are %+v", all[0].Grants)
	}
	for _, s := range all[1].Role {
		if s.Sid == "ChainOnward" {
			t.Errorf("prd may go on to %s", s.Resources)
		}
	}
}

// Settings that name an output of a stack need leave to read it, once.
func TestOutputsOfStacksMayBeRead(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Environments[0].Landings[0].Settings = json.RawMessage(`"x${stack.base.Bucket}${stack.base.Key}"`)
	in.Kinds = map[string]Kind{"site": func(_ delivery.Placement, at Scope) []Statement {
		return []Statement{{Sid: "Stack", Actions: []string{"cloudformation:DescribeStacks"}, Resources: []string{at.Stack("own")}}}
	}}
	count := func() (n int) {
		for _, s := range Derive(in)[1].Role {
			if s.Sid == "StackOutputs" && s.Resources[0] == "arn:aws:cloudformation:eu-central-1:333333333333:stack/base/*" {
				n++
			}
		}
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("it is allowed %d times: %s", n, JSON(Derive(in)[1].Role))
	}
	in.App.Environments[0].Landings[0].Settings = json.RawMessage(`"${stack.own.Bucket}"`)
	for _, s := range Derive(in)[1].Role {
		if s.Sid == "StackOutputs" {
			t.Errorf("it is allowed twice: %s", JSON(s))
		}
	}
}

func TestAnAccountWithoutARoleIsRefused(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Accounts[1].Role = ""
	if err := Check("shop", Derive(in)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), "accounts.prd.role") {
		t.Errorf("it said %v", err)
	}
}

func TestANameThatIsNotKnownYetIsRefused(t *testing.T) {
	t.Parallel()
	in := input()
	in.App.Environments[0].Landings[0].Settings = json.RawMessage(`"${stack.web.Bucket}"`)
	if err := Check("shop", Derive(in)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "${stack.web.Bucket}") {
		t.Errorf("it said %v", err)
	}
	if err := Check("shop", Derive(input())); err != nil {
		t.Error(err)
	}
}

func TestSidsOfAppsAreApart(t *testing.T) {
	t.Parallel()
	names := []string{"shop", "shop-x", "sho-p", "s-hop", "shop0"}
	for _, a := range names {
		for _, b := range names {
			if got := Ours(a)(Sid(b, "BuildsRead")); got != (a == b) {
				t.Errorf("%s takes that of %s for its own: %v", a, b, got)
			}
		}
		if strings.Trim(Sid(a, "X"), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("%s is no Sid", Sid(a, "X"))
		}
	}
}

func TestSplitKeepsEveryStatementAndTheLimit(t *testing.T) {
	t.Parallel()
	var all []Statement
	for i := range 40 {
		s := Statement{Sid: "S", Actions: []string{"s3:GetObject"}, Resources: nil}
		for j := range 30 {
			s.Resources = append(s.Resources, "arn:aws:s3:::bucket"+strings.Repeat("x", i%7)+string(rune('a'+j%26))+"/"+strings.Repeat("y", i)+"/*")
		}
		all = append(all, s)
	}
	all = numbered(all)
	want := map[string]bool{}
	for _, s := range all {
		for _, r := range s.Resources {
			want[r] = true
		}
	}
	for _, part := range Split(all, 1000) {
		if n := Size(part); n > 1000 {
			t.Errorf("a document has %d characters", n)
		}
		for _, s := range part {
			for _, r := range s.Resources {
				delete(want, r)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("%d resources are in no document", len(want))
	}
}

// What packing pushes to is needed by the role of that account alone.
func TestPackingNeedsItsRegistry(t *testing.T) {
	t.Parallel()
	in := input()
	in.Packs = func(account string) map[string][]Statement {
		if account != builds {
			return nil
		}
		return map[string][]Statement{"us-east-1": {{Sid: "ImagePush", Actions: []string{"ecr:PutImage"}, Resources: []string{"arn:aws:ecr:us-east-1:111111111111:repository/shop/api"}}}}
	}
	for _, s := range Derive(in) {
		pushes := slices.ContainsFunc(s.Role, func(st Statement) bool { return st.Sid == "ImagePush" })
		if want := s.Account.ID == builds; pushes != want {
			t.Errorf("the role of %s may push: %t", s.Account.Name, pushes)
		}
	}
}
