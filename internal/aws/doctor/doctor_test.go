package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

const (
	builds = "111111111111"
	prod   = "333333333333"
)

func role(id string) string { return "arn:aws:iam::" + id + ":role/falkirk-shop" }

func app() delivery.App {
	place := delivery.Place{Environment: "prd", Account: "prd", Region: "eu-central-1"}
	return delivery.App{
		Name: "shop", Store: "s3://shop-builds/shop", StoreAccount: "builds",
		Accounts: []delivery.Account{
			{Name: "builds", ID: builds, Role: role(builds), Region: "eu-central-1"},
			{Name: "prd", ID: prod, Role: role(prod), Region: "eu-central-1"},
		},
		Environments: []delivery.Environment{{Name: "prd", Places: []delivery.Place{place}, Landings: []delivery.Landing{
			{Place: place, Component: "web", Target: "site", Settings: json.RawMessage(`{}`)},
		}}},
	}
}

// setups are what an app needs that copies blobs from the store to a bucket.
func setups() []policy.Setup {
	return policy.Derive(policy.Input{App: app(), Store: policy.StoreOf(app()), Kinds: map[string]policy.Kind{
		"site": func(_ delivery.Placement, at policy.Scope) []policy.Statement {
			return append(at.ReadNeeds(),
				policy.Statement{Sid: "SiteList", Actions: []string{"s3:ListBucket"}, Resources: []string{at.Bucket("shop-prd")}},
				policy.Statement{Sid: "SiteWrite", Actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resources: []string{at.Objects("shop-prd", "")}})
		},
	}})
}

// everywhere is one statement per action that can be asked without doing it, on
// resources of other services.
func everywhere(at policy.Scope) []policy.Statement {
	var all []policy.Statement
	add := func(service, resource string, names ...string) {
		for _, n := range names {
			all = append(all, policy.Statement{Sid: service + n, Actions: []string{service + ":" + n}, Resources: []string{resource}})
		}
	}
	add("ecr", at.Repository("shop/api"), "DescribeRepositories", "DescribeImages", "ListImages", "BatchGetImage", "PutImage", "BatchDeleteImage",
		"GetRepositoryPolicy", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "UploadLayerPart", "CompleteLayerUpload")
	add("ecr", "*", "GetAuthorizationToken")
	add("cloudformation", at.Stack("shop"), "DescribeStacks", "DescribeStackEvents", "DescribeStackResources", "ListStackResources", "GetTemplate",
		"GetStackPolicy", "ListChangeSets", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet")
	add("cloudfront", at.Distribution("E1A2B3C4D5E6F7"), "GetDistribution", "GetInvalidation", "ListInvalidations", "CreateInvalidation")
	return all
}

// Whatever the emulator can judge is named alone when it is missing. What it
// cannot answer at all is unknown, and never called allowed or denied.
func TestOtherServicesAreAskedAsWell(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := policy.Scope{Partition: "aws", Account: prod, Region: "eu-central-1", Role: role(prod)}
	all := everywhere(at)
	one := setups()[1]
	one.Places[0].Statements = all
	look := func(statements []policy.Statement) map[delivery.Access][]string {
		b.allow(t, prod, statements)
		r, err := Doctor{Accounts: b.pool, App: app(), Setups: []policy.Setup{one}}.Examine(t.Context(), "prd")
		if err != nil {
			t.Fatal(err)
		}
		found := map[delivery.Access][]string{}
		for _, c := range r.Accounts[0].Checks {
			found[c.Answer] = append(found[c.Answer], c.Action)
		}
		return found
	}
	whole := look(all)
	if len(whole[delivery.AccessDenied]) > 0 || len(whole[delivery.AccessAllowed]) < 18 {
		t.Fatalf("with all of it: %v", whole)
	}
	t.Logf("the emulator cannot answer %v", whole[delivery.AccessUnknown])
	for i, st := range all {
		found := look(slices.Delete(slices.Clone(all), i, i+1))
		if slices.Contains(whole[delivery.AccessAllowed], st.Actions[0]) && !slices.Equal(found[delivery.AccessDenied], st.Actions) {
			t.Errorf("without %s denied is %v", st.Actions[0], found[delivery.AccessDenied])
		}
	}
}

// bench is an emulator with both accounts prepared and a user who may take
// their roles and nothing else; policies are enforced.
type bench struct {
	pool *account.Pool
	iam  map[string]*iam.Client // by account ID
}

func newBench(t *testing.T) bench {
	t.Helper()
	s := emulators.Judging(t)
	b := bench{iam: map[string]*iam.Client{}}
	for _, one := range setups() {
		id := one.Account.ID
		cli := s.Admin(t, id)
		cli.Must(t, "s3api", "create-bucket", "--bucket", map[string]string{builds: "shop-builds", prod: "shop-prd"}[id])
		cli.Must(t, "iam", "create-role", "--role-name", "falkirk-shop", "--assume-role-policy-document", policy.JSON(policy.New()))
		b.iam[id] = iam.NewFromConfig(cli.Config(s, "us-east-1"))
		b.allow(t, id, one.Role)
		for _, g := range one.Grants {
			cli.Must(t, "s3api", "put-bucket-policy", "--bucket", g.Name(), "--policy", policy.JSON(policy.New(g.Statements...)))
		}
	}
	user := s.User(t, "ann", policy.JSON(policy.New(policy.Statement{Actions: []string{"sts:AssumeRole"}, Resources: []string{role(builds), role(prod)}})))
	s.Enforce(t)
	b.pool = account.New(account.Options{
		Accounts: app().Accounts, App: "shop", Actor: "ann",
		Start: func(context.Context) (aws.Config, error) { return user.Config(s, "us-east-1"), nil },
	})
	return b
}

// allow sets what the role of an account may do.
func (b bench) allow(t *testing.T, id string, statements []policy.Statement) {
	t.Helper()
	_, err := b.iam[id].PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("falkirk-shop"), PolicyName: aws.String("p"), PolicyDocument: aws.String(policy.JSON(policy.New(statements...))),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func examine(t *testing.T, p *account.Pool, only string) delivery.Examination {
	t.Helper()
	r, err := Doctor{Accounts: p, App: app(), Setups: setups()}.Examine(t.Context(), only)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// With all of it nothing is denied; every action of every statement that a role
// lacks is named, and no other.
func TestEachMissingPermissionIsNamedAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := examine(t, b.pool, "")
	if r.Denied+r.Unknown+r.Broken > 0 || r.Allowed < 8 {
		t.Fatalf("with all that is needed: %s", policy.JSON(r))
	}
	for _, one := range setups() {
		for i, st := range one.Role {
			for _, action := range st.Actions {
				if action == "iam:SimulatePrincipalPolicy" {
					continue // the emulator has no simulator
				}
				b.allow(t, one.Account.ID, policy.Without(one.Role, i, action))
				isNamed(t, one.Account.Name+" "+st.Sid, examine(t, b.pool, ""), st, action)
			}
		}
		b.allow(t, one.Account.ID, one.Role)
	}
}

func isNamed(t *testing.T, name string, r delivery.Examination, st policy.Statement, action string) {
	t.Helper()
	var denied []delivery.Permission
	for _, a := range r.Accounts {
		for _, c := range a.Checks {
			if c.Answer == delivery.AccessDenied {
				denied = append(denied, c)
			}
		}
	}
	right := len(denied) == len(st.Resources)
	for i, c := range denied {
		right = right && c.Action == action && c.Resource == st.Resources[i] && len(c.Fixes) > 0
	}
	if !right {
		t.Fatalf("%s without %s: denied is %s", name, action, policy.JSON(denied))
	}
	f := denied[0].Fixes[0]
	if !strings.Contains(string(f.Statement), action) || !strings.Contains(f.Where, "role/falkirk-shop") {
		t.Errorf("%s would be mended by %+v", name, f)
	}
	if foreign := strings.HasPrefix(st.Sid, "Builds"); foreign != (len(denied[0].Fixes) == 2) {
		t.Errorf("the places to mend %s are %+v", name, denied[0].Fixes)
	}
}

func TestARejectedKeyIsNotTheFaultOfTheChain(t *testing.T) {
	t.Parallel()
	s := emulators.Moto(t, "INITIAL_NO_AUTH_ACTION_COUNT=0")
	p := account.New(account.Options{Accounts: app().Accounts, App: "shop", Actor: "ann", Start: func(context.Context) (aws.Config, error) { return s.Config("us-east-1"), nil }})
	r := examine(t, p, "prd")
	if r.Broken != 1 || len(r.Accounts) != 1 || !strings.Contains(r.Accounts[0].Error, "AWS does not accept the starting credentials") ||
		strings.Contains(r.Accounts[0].Error, "chain") || !strings.Contains(r.Accounts[0].Hint, "aws configure list") {
		t.Errorf("%s", policy.JSON(r))
	}
}

func TestWhoMayNotTakeTheRoleReadsBothSides(t *testing.T) {
	t.Parallel()
	a := app()
	a.Accounts[1].Via = []string{role("222222222222")}
	a.Accounts[1].ExternalID = "very-secret"
	fixes := hopFixes("arn:aws:sts::222222222222:assumed-role/hop/falkirk-x", role(prod), a.Accounts[1])
	all := policy.JSON(fixes)
	for _, want := range []string{"the policies of arn:aws:iam::222222222222:role/hop", "the trust policy of " + role(prod), "sts:AssumeRole", "sts:ExternalId"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	if strings.Contains(all, "very-secret") {
		t.Errorf("the external ID is shown: %s", all)
	}
}

func TestAnAccountThatIsNotThereIsNoAccount(t *testing.T) {
	t.Parallel()
	_, err := Doctor{App: app(), Setups: setups()}.Examine(t.Context(), "nowhere")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("it said %v", err)
	}
}
