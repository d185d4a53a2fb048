package accountstack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
	"falkirk/test/policies"
)

func trust(tagged bool) []policy.Statement {
	s := policy.Statement{
		Sid: "falkirkTrust", Why: "Who may take the role.", Principals: map[string][]string{"AWS": {"arn:aws:iam::111111111111:role/ci", "arn:aws:iam::111111111111:user/ann"}},
		Actions: []string{"sts:AssumeRole"}, Conditions: policy.Conditions{"StringEquals": {"sts:ExternalId": {"yes"}}},
	}
	if tagged {
		s.Actions = append(s.Actions, "sts:TagSession")
	}
	return []policy.Statement{s}
}

func at() policy.Scope {
	store := policy.Store{Bucket: "shop-builds", Prefix: "shop", Region: "eu-central-1", PruneRole: "arn:aws:iam::111111111111:role/cleaner"}
	return policy.Scope{Partition: "aws", Account: "111111111111", Region: "eu-central-1", Store: store}
}

func may(n int) []policy.Statement {
	all := at().StoreNeeds("shop", nil)
	for i := range n {
		all = append(all, policy.Statement{
			Sid: fmt.Sprintf("Site%d", i), Why: "Writes \"assets\": all of them.", Actions: []string{"s3:PutObject"},
			Resources: []string{at().Objects(fmt.Sprintf("bucket-with-a-long-name-%d", i), "site")},
		})
	}
	return all
}

func grants(service string) []policy.Statement {
	s := policy.Statement{
		Sid: policy.Sid("shop", "BuildsRead"), Why: "Lets prd read.", Principals: map[string][]string{"AWS": {"arn:aws:iam::333333333333:root"}},
		Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::shop-builds/shop/blobs/*"},
		Conditions: policy.Conditions{"ArnEquals": {"aws:PrincipalArn": {"arn:aws:iam::333333333333:role/falkirk-shop"}}},
	}
	if service == "ecr" {
		s.Actions, s.Resources = []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, nil
	}
	return []policy.Statement{s}
}

func variants() map[string]Stack {
	foreign := []json.RawMessage{json.RawMessage(`{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":["s3:Delete*"],"Resource":"arn:aws:s3:::shop-builds/keep/*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":false},"NumericLessThan":{"s3:TlsVersion":1.2}}}`)}
	role := func(n int) *Role { return &Role{Name: "falkirk-shop", Seconds: 3600, Trust: trust(false), May: may(n)} }
	all := map[string]Stack{
		"role":     {Role: role(1)},
		"managed":  {Role: role(120)},
		"boundary": {Role: &Role{Name: "falkirk-shop", Path: "/falkirk/", Seconds: 43200, Granted: []string{"arn:aws:s3:::shop-builds"}, Trust: trust(true), Boundary: "arn:aws:iam::111111111111:policy/edge", May: may(2)}},
		"builds":   {Role: role(0), Builds: &Bucket{Name: "shop-builds", Partition: "aws", Staging: "shop/.staging/", Grants: grants("s3")}},
		"foreign":  {Role: role(0), Builds: &Bucket{Name: "shop-builds", Partition: "aws", Staging: "shop/.staging/", Key: "arn:aws:kms:eu-central-1:111111111111:key/12345678-1234-1234-1234-123456789012", Grants: grants("s3"), Foreign: foreign}},
		"registry": {Repositories: []Repository{{Name: "shop/api", Moving: []string{"prd", "falkirk.*"}, Grants: grants("ecr")}, {Name: "shop/worker"}}},
		"kept": {
			Role: role(0), Records: []Record{{"prd", Role{Name: "falkirk-shop-prd", Trust: trust(false), May: at().RecordNeeds("shop", "prd")}}},
			Builds: &Bucket{Name: "shop-builds", Partition: "aws", Staging: "shop/.staging/", Logs: "team-logs", Lock: Lock{Days: 30}, Grants: append(at().WriteOnce("shop"), grants("s3")...)},
		},
		"locked": {Builds: &Bucket{Name: "shop-builds", Partition: "aws", Lock: Lock{400, true}, Grants: at().WriteOnce("shop")}},
	}
	for name, s := range all {
		s.App, s.Account = "shop", "builds"
		all[name] = s
	}
	return all
}

func TestEveryVariantIsClean(t *testing.T) {
	t.Parallel()
	for name, s := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := Template(s)
			if err != nil {
				t.Fatal(err)
			}
			policies.Lint(t, text)
			again, err := Template(s)
			if err != nil || string(again) != string(text) {
				t.Errorf("it is another the second time: %v", err)
			}
			if testing.Verbose() {
				t.Logf("\n%s", text)
			}
		})
	}
}

func TestTheTemplateSaysWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"role":     {"AWS::IAM::Role", "AWS::IAM::Policy\n", "sts:ExternalId: yes", "# Lists releases"},
		"managed":  {"AWS::IAM::ManagedPolicy", "DeployPolicy2", "falkirk-shop-2"},
		"boundary": {"PermissionsBoundary: arn:aws:iam::111111111111:policy/edge", "sts:TagSession", "MaxSessionDuration: 43200", "Path: /falkirk/", "falkirk:granted: arn:aws:s3:::shop-builds"},
		"builds":   {"Status: Enabled", "SSEAlgorithm: AES256", "RestrictPublicBuckets: true", "aws:SecureTransport", "DaysAfterInitiation: 7", "NoncurrentDays: 90", "Prefix: shop/.staging/", "arn:aws:iam::333333333333:root"},
		"foreign":  {"SSEAlgorithm: aws:kms", "Sid: Theirs", "s3:TlsVersion: 1.2"},
		"registry": {"RepositoryName: shop/api", "ecr:BatchGetImage"},
	} {
		text, err := Template(variants()[name])
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(string(text), `"`, "")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s has no %q:\n%s", name, w, text)
			}
		}
	}
}

func TestARoleThatWouldBeTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Template(Stack{App: "shop", Account: "prd", Role: &Role{Name: "r", Trust: trust(false), May: may(500)}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("it said %v", err)
	}
}
