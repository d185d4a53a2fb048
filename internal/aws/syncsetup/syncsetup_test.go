package syncsetup

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/fault"
	"falkirk/test/policies"
)

const (
	prd = "333333333333"
	src = "111111111111"
)

func request() Request {
	return Request{
		Job:      Job{Source: src + ".dkr.ecr.eu-west-1.amazonaws.com/team", Destination: "ecr:eu-west-2/prd", Repositories: []string{"shop", "desk"}},
		Spec:     syncjob.Spec{App: "shop", Name: "ecr-sync-shop", Namespace: "prd-shop", Image: "falkirk:1", Cluster: "prd"},
		Identity: Node, Account: prd, Region: "eu-west-2",
	}
}

// sids are those of statements with what they are about.
func sids(all []policy.Statement) string {
	var out []string
	for _, s := range all {
		out = append(out, s.Sid+"="+strings.Join(s.Resources, ","))
	}
	return strings.Join(out, " ")
}

func TestNobodyIsAllowedMoreThanTheJobTakes(t *testing.T) {
	t.Parallel()
	theirs := "arn:aws:ecr:eu-west-1:" + src + ":repository/team/"
	ours := "arn:aws:ecr:eu-west-2:" + prd + ":repository/prd/"
	usual := "SyncLogin=* SyncLook=" + ours + "desk," + ours + "shop SyncRead=" + theirs + "desk," + theirs + "shop SyncWrite=" + ours + "desk," + ours + "shop"
	if got := sids(request().RoleNeeds()); got != usual {
		t.Errorf("%s", got)
	}
	for name, one := range map[string]struct {
		change func(*Job)
		want   string
	}{
		"patterns":            {func(j *Job) { j.Repositories = []string{"a/{b,c}-[de]*/**"} }, "SyncCreate=" + ours + "a/*-**/* "},
		"patterns, none made": {func(j *Job) { j.Repositories, j.Never = []string{"a*"}, true }, "SyncFind=arn:aws:ecr:eu-west-1:" + src + ":repository/* SyncLogin=* SyncLook="},
		"deletes":             {func(j *Job) { j.Deletes = true }, "SyncDelete=" + ours + "desk,"},
		"from elsewhere":      {func(j *Job) { j.Source = "ghcr.io/team" }, "SyncLogin=* SyncLook="},
		"to elsewhere":        {func(j *Job) { j.Destination = "registry.example" }, "SyncLogin=* SyncRead="},
	} {
		r := request()
		one.change(&r.Job)
		if got := sids(r.RoleNeeds()); !strings.HasPrefix(got, one.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	r := request()
	r.Job.Source, r.Job.Destination = "a.example", "b.example"
	if got := r.RoleNeeds(); len(got) != 0 {
		t.Errorf("without ECR: %s", sids(got))
	}
}

func TestTheSourceLetsInOneRoleToRead(t *testing.T) {
	t.Parallel()
	r := request()
	grants := r.Grants([]string{"arn:aws:iam::" + prd + ":role/nodes"})
	if len(grants) != 2 || len(grants[0].Statements) != 1 {
		t.Fatalf("%+v", grants)
	}
	raw, err := json.Marshal(grants[1].Statements[0])
	want := `"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":["ecr:BatchCheckLayerAvailability","ecr:BatchGetImage","ecr:DescribeImages","ecr:GetDownloadUrlForLayer"],"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::333333333333:role/nodes"}}}`
	if err != nil || !strings.HasSuffix(string(raw), want) {
		t.Errorf("%s %v", raw, err)
	}
	other := request()
	other.Spec.Cluster = "prd2"
	if sid := other.Grants(nil)[0].Statements[0].Sid; sid == grants[0].Statements[0].Sid || policy.Ours(r.key())(sid) || policy.Ours("shop")(sid) {
		t.Errorf("the statement of another cluster is taken for ours: %s", sid)
	}
	r.Account = src
	if got := r.Grants(nil); len(got) != 0 {
		t.Errorf("within one account: %+v", got)
	}
}

func TestThePolicysNameFits(t *testing.T) {
	t.Parallel()
	r := request()
	if got := r.PolicyName(); got != "falkirk-prd-prd-shop-ecr-sync-shop" {
		t.Error(got)
	}
	r.Spec.Cluster = strings.Repeat("c", 100)
	a := r.PolicyName()
	r.Spec.Name += "2"
	if b := r.PolicyName(); len(a) != longestPolicy || len(b) != longestPolicy || a == b {
		t.Error(a, b)
	}
}

func TestWhoMayTakeARole(t *testing.T) {
	t.Parallel()
	provider := `"Principal":{"Federated":"arn:aws:iam::333333333333:oidc-provider/oidc.eks"}`
	web := `"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",` + provider
	pods := `"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","pods.eks.amazonaws.com"]}`
	for text, want := range map[string][]Identity{
		`{"Statement":[]}`:            nil,
		`{"Statement":{` + web + `}}`: {IRSA},
		`{"Statement":[{` + web + `,"Condition":{"StringEquals":{"oidc.eks:sub":"system:serviceaccount:prd-shop:ecr-sync-shop","oidc.eks:aud":"sts.amazonaws.com"}}}]}`: {IRSA},
		`{"Statement":[{` + web + `,"Condition":{"StringLike":{"oidc.eks:sub":["a","system:serviceaccount:prd-*:ecr-sync-*"]}}}]}`:                                      {IRSA},
		`{"Statement":[{` + web + `,"Condition":{"StringEquals":{"oidc.eks:sub":"system:serviceaccount:prd-shop:default"}}}]}`:                                          nil,
		`{"Statement":[{` + web + `,"Condition":{"StringEquals":{"oidc.eks:sub":"system:serviceaccount:prd-*:ecr-sync-shop"}}}]}`:                                       nil,
		`{"Statement":[{` + strings.Replace(web, "Allow", "Deny", 1) + `}]}`:                                                                                            nil,
		`{"Statement":[{` + pods + `,"Action":["sts:AssumeRole","sts:TagSession"]}]}`:                                                                                   {PodIdentity},
		`{"Statement":[{` + pods + `,"Action":"sts:*"}]}`:                                                                                                               {PodIdentity},
		`{"Statement":[{` + pods + `,"Action":"sts:AssumeRole"}]}`:                                                                                                      nil,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*"}]}`:                                                                                               nil,
	} {
		for _, identity := range []Identity{IRSA, PodIdentity} {
			r := request()
			r.Identity, r.Role = identity, "arn:aws:iam::"+prd+":role/sync"
			if err := r.trusted(text); (err == nil) != slices.Contains(want, identity) || err != nil && !fault.Is(err, fault.Refused) {
				t.Errorf("%s: %s: %v", identity, text, err)
			}
		}
	}
}

// A role for Pod Identity is asked for this pod alone, and one that any pod may
// take is told.
func TestAPodsRoleIsBoundToThePod(t *testing.T) {
	t.Parallel()
	r := request()
	r.Identity, r.Role = PodIdentity, "arn:aws:iam::"+prd+":role/sync"
	found, err := policies.Document("AWS::IAM::Role", []byte(`{"AssumeRolePolicyDocument":`+policy.JSON(policy.New(r.podTrust()))+`}`))
	if err != nil || len(found) > 0 {
		t.Errorf("the statement is open: %v %v", found, err)
	}
	own, err := json.Marshal(policy.New(r.podTrust()))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(own), `"prd-shop"`, `"other"`, 1)
	open := `{"Statement":{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}}`
	for text, want := range map[string]struct{ taken, loose bool }{string(own): {true, false}, other: {false, false}, open: {true, true}} {
		if err := r.trusted(text); (err == nil) != want.taken || (r.loose(text) != "") != want.loose {
			t.Errorf("%s: %v, %q", text, err, r.loose(text))
		}
	}
	r.Identity = IRSA
	web := `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::333333333333:oidc-provider/oidc.eks"}%s}}`
	if r.loose(strings.Replace(web, "%s", "", 1)) == "" || r.loose(strings.Replace(web, "%s", `,"Condition":{"StringEquals":{"oidc.eks:sub":"system:serviceaccount:prd-shop:ecr-sync-shop"}}`, 1)) != "" {
		t.Error("which service account may come by its cluster's token is not looked at")
	}
}

func TestRequestsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	if err := request().Check(); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		spoil func(*Request)
		kind  fault.Kind
	}{
		"another account":    {func(r *Request) { r.Job.Destination = src + ".dkr.ecr.eu-west-1.amazonaws.com" }, fault.Refused},
		"a pattern there":    {func(r *Request) { r.Job.Repositories = []string{"shop/*"} }, fault.Invalid},
		"nothing":            {func(r *Request) { r.Job.Repositories = nil }, fault.Invalid},
		"no role":            {func(r *Request) { r.Identity = IRSA }, fault.Invalid},
		"a role of a node":   {func(r *Request) { r.Role = "arn:aws:iam::333333333333:role/x" }, fault.Invalid},
		"no ARN of a role":   {func(r *Request) { r.Nodes = []string{"nodes"} }, fault.Invalid},
		"no identity of any": {func(r *Request) { r.Identity = "root" }, fault.Invalid},
	} {
		r := request()
		one.spoil(&r)
		if err := r.Check(); !fault.Is(err, one.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := request()
	r.Job.Source, r.Job.Repositories = "ghcr.io/team", []string{"shop/*"}
	if err := r.Check(); err != nil {
		t.Errorf("patterns where they can be listed: %v", err)
	}
}
