package prepare

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
	"falkirk/test/policies"
)

const (
	builds = "111111111111"
	prod   = "333333333333"
)

func app() delivery.App {
	place := delivery.Place{Environment: "prd", Account: "prd", Region: "us-east-1"}
	return delivery.App{
		Name: "shop", Store: "s3://shop-builds/shop", StoreAccount: "builds",
		Accounts: []delivery.Account{
			{Name: "builds", ID: builds, Role: "arn:aws:iam::111111111111:role/falkirk-shop", Region: "eu-central-1", ExternalID: "agreed"},
			{Name: "prd", ID: prod, Role: "arn:aws:iam::333333333333:role/deploy/falkirk-shop", Region: "eu-central-1", Via: []string{"arn:aws:iam::111111111111:role/falkirk-shop"}, Tags: map[string]string{"team": "web"}},
		},
		Environments: []delivery.Environment{{Name: "prd", Places: []delivery.Place{place}, Landings: []delivery.Landing{
			{Place: place, Component: "web", Target: "site", Settings: json.RawMessage(`{}`)},
		}}},
	}
}

// kinds need blobs, a bucket, a repository of their own and one of builds'.
func kinds() map[string]policy.Kind {
	return map[string]policy.Kind{"site": func(_ delivery.Placement, at policy.Scope) []policy.Statement {
		theirs := at
		theirs.Account, theirs.Region = builds, "eu-central-1"
		return append(at.ReadNeeds(),
			policy.Statement{Sid: "SiteWrite", Why: "Writes.", Actions: []string{"s3:PutObject"}, Resources: []string{at.Objects("shop-prd", "")}},
			policy.Statement{Sid: "ImageWrite", Why: "Pushes.", Actions: []string{"ecr:PutImage"}, Resources: []string{at.Repository("shop/api")}},
			policy.Statement{Sid: "ImagePull", Why: "Pulls.", Actions: []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, Resources: []string{theirs.Repository("shop/api")}})
	}}
}

type stage struct {
	server *emulators.Server
	cli    map[string]emulators.CLI
}

func newStage(t *testing.T) stage {
	t.Helper()
	s := emulators.Moto(t)
	return stage{s, map[string]emulators.CLI{builds: s.As(t, builds), prod: s.As(t, prod)}}
}

func (s stage) preparer(id, run string) Preparer {
	return Preparer{
		App: app(), Setups: policy.Derive(policy.Input{App: app(), Store: policy.StoreOf(app()), Kinds: kinds()}),
		Stacks: ChangeSets{ID: run},
		Config: func(_ context.Context, region string) (aws.Config, error) {
			return s.cli[id].Config(s.server, region), nil
		},
	}
}

func (s stage) apply(t *testing.T, id, run string, r Request) Preview {
	t.Helper()
	p := s.preparer(id, run)
	v, err := p.Propose(t.Context(), r)
	if err == nil {
		v, err = p.Apply(t.Context(), r, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAnAccountIsPreparedOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := Request{Account: "prd", Repositories: true}
	v := s.apply(t, prod, "one", r)
	if len(v.Stacks) != 2 || v.Stacks[0].Region != "eu-central-1" || len(v.Stacks[0].Changes) == 0 {
		t.Fatalf("the stacks are %+v", v.Stacks)
	}
	var got struct {
		Role struct {
			Path                     string
			AssumeRolePolicyDocument json.RawMessage
		}
	}
	s.cli[prod].JSON(t, &got, "iam", "get-role", "--role-name", "falkirk-shop")
	for _, want := range []string{"111111111111:role/falkirk-shop", "sts:TagSession", "aws:TagKeys"} {
		if !strings.Contains(string(got.Role.AssumeRolePolicyDocument), want) {
			t.Errorf("the trust policy has no %s: %s", want, got.Role.AssumeRolePolicyDocument)
		}
	}
	if got.Role.Path != "/deploy/" {
		t.Errorf("the role's path is %s", got.Role.Path)
	}
	may := s.cli[prod].Must(t, "iam", "get-role-policy", "--role-name", "falkirk-shop", "--policy-name", "falkirk-shop")
	for _, want := range []string{"arn:aws:s3:::shop-builds/shop/blobs/*", "arn:aws:ecr:us-east-1:333333333333:repository/shop/api"} {
		if !strings.Contains(may, want) {
			t.Errorf("the role's policy has no %s", want)
		}
	}
	s.cli[prod].Must(t, "ecr", "describe-repositories", "--repository-names", "shop/api", "--region", "us-east-1")
	again, err := s.preparer(prod, "two").Propose(t.Context(), r)
	if err != nil || !again.IsEmpty() {
		t.Errorf("the second time it changes %+v: %v", again.Stacks, err)
	}
}

// A bucket of others keeps what they attached to it, before and after.
func TestWhatOthersAttachedStays(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	cli := s.cli[builds]
	theirs := `{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-builds/other/*"}]}`
	cli.Must(t, "s3api", "create-bucket", "--bucket", "shop-builds")
	cli.Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", theirs)
	cli.Must(t, "ecr", "create-repository", "--repository-name", "shop/api", "--region", "eu-central-1")
	r := Request{Account: "builds", Principals: []string{"444444444444"}}
	v := s.apply(t, builds, "one", r)
	if len(v.Policies) != 2 {
		t.Errorf("the policies that changed are %+v", v.Policies)
	}
	attached := func() string {
		return cli.Must(t, "s3api", "get-bucket-policy", "--bucket", "shop-builds", "--query", "Policy", "--output", "text")
	}
	for _, want := range []string{"Theirs", "role/deploy/falkirk-shop", "s3:ListBucket", "shop-builds/shop/blobs/*"} {
		if !strings.Contains(attached(), want) {
			t.Errorf("the bucket policy has no %s: %s", want, attached())
		}
	}
	repository := cli.Must(t, "ecr", "get-repository-policy", "--repository-name", "shop/api", "--region", "eu-central-1")
	if !strings.Contains(repository, "ecr:BatchGetImage") || strings.Contains(repository, "ecr:Put") {
		t.Errorf("the repository policy is %s", repository)
	}
	if again := s.apply(t, builds, "two", r); !again.IsEmpty() {
		t.Errorf("the second time it changes %+v %+v", again.Stacks, again.Policies)
	}
	if _, err := s.preparer(builds, "three").Remove(t.Context(), r, false); err != nil {
		t.Fatal(err)
	}
	if got := attached(); !strings.Contains(got, "Theirs") || strings.Contains(got, "falkirk") {
		t.Errorf("after removal the bucket policy is %s", got)
	}
	if out, err := cli.Try("iam", "get-role", "--role-name", "falkirk-shop"); err == nil {
		t.Errorf("the role is still there: %s", out)
	}
	if out, err := cli.Try("ecr", "get-repository-policy", "--repository-name", "shop/api", "--region", "eu-central-1"); err == nil {
		t.Errorf("the repository policy is still there: %s", out)
	}
	if _, err := s.preparer(builds, "four").Remove(t.Context(), r, false); err != nil {
		t.Errorf("removing it again: %v", err)
	}
}

// What the app file no longer needs is taken out again, wherever it is.
func TestWhatIsNoLongerNeededIsTakenOut(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	cli := s.cli[builds]
	cli.Must(t, "ecr", "create-repository", "--repository-name", "shop/api", "--region", "eu-central-1")
	r := Request{Account: "builds", Principals: []string{"444444444444"}}
	s.apply(t, builds, "one", r)
	cli.Must(t, "ecr", "get-repository-policy", "--repository-name", "shop/api", "--region", "eu-central-1")
	p := s.preparer(builds, "two")
	p.Setups = policy.Derive(policy.Input{App: app(), Store: policy.StoreOf(app()), Kinds: map[string]policy.Kind{"site": func(_ delivery.Placement, at policy.Scope) []policy.Statement {
		return at.ReadNeeds()
	}}})
	v, err := p.Propose(t.Context(), r)
	if err != nil || len(v.Policies) != 1 || v.Policies[0].Changes[0].Sign != "-" {
		t.Fatalf("it would change %+v: %v", v.Policies, err)
	}
	if v, err = p.Apply(t.Context(), r, v); err != nil || len(v.Policies) != 1 {
		t.Fatalf("it changed %+v: %v", v.Policies, err)
	}
	if out, err := cli.Try("ecr", "get-repository-policy", "--repository-name", "shop/api", "--region", "eu-central-1"); err == nil {
		t.Errorf("the repository policy is still there: %s", out)
	}
	p.Stacks = ChangeSets{ID: "three"}
	if v, err = p.Propose(t.Context(), r); err != nil || !v.IsEmpty() {
		t.Errorf("the second time it changes %+v %+v: %v", v.Stacks, v.Policies, err)
	}
}

func TestABucketThatIsMissingIsMade(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := Request{Account: "builds", Principals: []string{"arn:aws:iam::444444444444:role/ci"}}
	s.apply(t, builds, "one", r)
	got := s.cli[builds].Must(t, "s3api", "get-bucket-policy", "--bucket", "shop-builds")
	if !strings.Contains(got, "role/deploy/falkirk-shop") {
		t.Errorf("prd may not read the new bucket: %s", got)
	}
	if again := s.apply(t, builds, "two", r); !again.IsEmpty() {
		t.Errorf("the second time it changes %+v %+v", again.Stacks, again.Policies)
	}
	v, err := s.preparer(builds, "three").Remove(t.Context(), r, true)
	if err != nil || len(v.Stacks) != 1 || len(v.Policies) == 0 {
		t.Errorf("it would remove %+v: %v", v, err)
	}
	s.cli[builds].Must(t, "iam", "get-role", "--role-name", "falkirk-shop")
}

// What would be named and does not exist is refused before anything is made, and
// the account that comes first is named.
func TestTheOrderIsCheckedFirst(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, r := range []Request{
		{Account: "prd", Principals: []string{"arn:aws:iam::333333333333:role/none"}},
		{Account: "prd", Principals: []string{"arn:aws:iam::333333333333:user/none"}},
		{Account: "prd", Boundary: "arn:aws:iam::333333333333:policy/none"},
	} {
		if _, err := s.preparer(prod, "one").Propose(t.Context(), r); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "none does not exist in account prd") {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if got := s.cli[prod].Must(t, "cloudformation", "describe-stacks", "--region", "eu-central-1"); strings.Contains(got, "falkirk") {
		t.Errorf("a stack is left: %s", got)
	}
	v, err := s.preparer(prod, "two").Propose(t.Context(), Request{Account: "prd"})
	if err != nil || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "prepare account builds before this one") {
		t.Errorf("the notes are %q: %v", v.Notes, err)
	}
}

// A bucket that the stack has made keeps that it refuses requests without TLS,
// and what others add to its policy later, until all of ours is taken away.
func TestTheBucketOfTheStackKeepsItsPolicy(t *testing.T) {
	t.Parallel()
	server := emulators.Ministack(t, builds)
	s := stage{server, map[string]emulators.CLI{builds: server.CLI(t)}}
	r := Request{Account: "builds", Principals: []string{"444444444444"}}
	s.apply(t, builds, "one", r)
	attached := func() string {
		t.Helper()
		return s.cli[builds].Must(t, "s3api", "get-bucket-policy", "--bucket", "shop-builds", "--query", "Policy", "--output", "text")
	}
	whole := attached()
	for _, want := range []string{"OnlyTLS", "aws:SecureTransport", "BuildsList", "BuildsRead"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the bucket policy has no %s: %s", want, whole)
		}
	}
	theirs := `{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-builds/other/*"}`
	added := strings.Replace(strings.TrimSpace(whole), `"Statement":[`, `"Statement":[`+theirs+",", 1)
	added = strings.Replace(added, `"Statement": [`, `"Statement": [`+theirs+",", 1)
	s.cli[builds].Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", added)
	s.apply(t, builds, "two", r)
	for _, want := range []string{"Theirs", "OnlyTLS", "BuildsRead"} {
		if got := attached(); !strings.Contains(got, want) {
			t.Errorf("after the second time the bucket policy has no %s: %s", want, got)
		}
	}
	// The emulator deletes what is to be retained, so the stack stays here.
	p := s.preparer(builds, "three")
	if _, err := p.attach(t.Context(), p.Setups[0], false, nothing); err != nil {
		t.Fatal(err)
	}
	if got := attached(); !strings.Contains(got, "Theirs") || strings.Contains(got, "falkirk") {
		t.Errorf("after removal the bucket policy is %s", got)
	}
}

func TestAPreviewLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.preparer(prod, "one")
	v, err := p.Propose(t.Context(), Request{Account: "prd"})
	if err != nil || v.IsEmpty() {
		t.Fatalf("%+v %v", v, err)
	}
	if err := p.Drop(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if got := s.cli[prod].Must(t, "cloudformation", "describe-stacks", "--region", "eu-central-1"); strings.Contains(got, "falkirk") {
		t.Errorf("a stack is left: %s", got)
	}
}

func TestEveryTemplateThatIsPrintedIsClean(t *testing.T) {
	t.Parallel()
	s := stage{}
	for _, r := range []Request{
		{Account: "prd"},
		{Account: "prd", Repositories: true, Boundary: "arn:aws:iam::333333333333:policy/edge"},
		{Account: "builds", Principals: []string{builds, "arn:aws:iam::444444444444:user/ann"}},
		{Account: "builds", Principals: []string{builds}, ExternalID: "agreed"},
	} {
		all, err := s.preparer(prod, "").Print(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			policies.Lint(t, one.Text, "--regions", one.Region)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Request{
		"nobody":    {Account: "builds"},
		"anybody":   {Account: "builds", Principals: []string{"*"}},
		"provider":  {Account: "builds", Principals: []string{"arn:aws:iam::111111111111:oidc-provider/x"}},
		"external":  {Account: "builds", Principals: []string{builds}, ExternalID: "other"},
		"role name": {Account: "builds", Principals: []string{builds}, Role: "other"},
		"boundary":  {Account: "builds", Principals: []string{builds}, Boundary: "edge"},
	} {
		_, err := (stage{}).preparer(builds, "").Print(r)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
