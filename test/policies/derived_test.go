package policies

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	imagetarget "falkirk/internal/target/image"
	sitetarget "falkirk/internal/target/site"
	stacktarget "falkirk/internal/target/stack"
)

const key = "arn:aws:kms:eu-central-1:111111111111:key/12345678-1234-1234-1234-123456789012"

// app has every kind of target, in every shape that changes what it needs.
func app(bucket delivery.StoreBucket, own bool, prefix string) delivery.App {
	place := delivery.Place{Environment: "prd", Account: "prd", Region: "eu-central-1"}
	a := delivery.App{
		Name: "shop", Store: "s3://shop-builds" + prefix, StoreAccount: "builds", StoreBucket: bucket,
		Accounts: []delivery.Account{
			{Name: "builds", ID: "111111111111", Role: "arn:aws:iam::111111111111:role/falkirk-shop", Region: "eu-central-1"},
			{Name: "prd", ID: "333333333333", Role: "arn:aws:iam::333333333333:role/falkirk-shop", Region: "eu-central-1", Via: []string{"arn:aws:iam::111111111111:role/falkirk-shop"}, Tags: map[string]string{"team": "web"}},
		},
		Environments: []delivery.Environment{{Name: "prd"}, {Name: "dev"}},
	}
	if own {
		a.Environments[0].StoreRole = "arn:aws:iam::111111111111:role/falkirk-shop-prd"
	}
	for i, l := range []struct{ kind, settings string }{
		{sitetarget.Kind, `{"bucket":"shop-prd","prefix":"web","distribution":"E1A2B3C4D5E6F7","wait":true,"kmsKey":"arn:aws:kms:eu-central-1:333333333333:key/mine","parallel":64}`},
		{sitetarget.Kind, `{"bucket":"shop-all","distribution":"${stack.base.DistributionId}","kmsKey":"alias/site","parallel":64}`},
		{sitetarget.Kind, `{"bucket":"shop-id","kmsKey":"12345678-1234-1234-1234-123456789012","parallel":64}`},
		{stacktarget.Kind, `{"name":"shop-base","when":"promote","onFailure":"delete","timeout":"1h","role":"arn:aws:iam::333333333333:role/cloudformation","bucket":"shop-files","prefix":"cfn","policy":"{}","protect":true}`},
		{imagetarget.Kind, `{"repository":"shop/api","create":true}`},
		{imagetarget.Kind, `{"repository":"shop/far","registry":"444444444444.dkr.ecr.us-east-1.amazonaws.com","create":false}`},
	} {
		a.Environments[0].Landings = append(a.Environments[0].Landings, delivery.Landing{Place: place, Component: fmt.Sprint("c", i), Target: l.kind, Settings: json.RawMessage(l.settings)})
	}
	return a
}

// signed is the app with a key that signs its ledgers, as an account uses it.
func signed(own bool, account, key string) delivery.App {
	a := app(delivery.StoreBucket{}, own, "/team")
	a.Ledger = &delivery.LedgerSetting{Signers: "signers", Sign: key, Account: account}
	return a
}

// derived is what the accounts of an app must have.
func derived(a delivery.App) []policy.Setup {
	builds := func(string) (string, bool) { return "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop/api", false }
	return policy.Derive(policy.Input{
		App: a, Store: policy.StoreOf(a),
		Kinds: map[string]policy.Kind{sitetarget.Kind: sitetarget.Needs, stacktarget.Kind: stacktarget.Needs, imagetarget.Kind: imagetarget.Needs(builds)},
		Packs: func(account string) map[string][]policy.Statement {
			if account != "333333333333" {
				return nil
			}
			var all []policy.Statement
			for _, names := range [][]string{{"api"}, {"team/**"}} {
				all = append(all, policy.Images{
					From: policy.Registry{Account: account, Region: "us-east-1"}, To: policy.Registry{Account: account, Region: "eu-central-1", Prefix: "copies"},
					Repositories: names, Create: true, Lifecycle: true, Key: strings.ReplaceAll(key, "111111111111", account), Delete: true,
				}.Needs()...)
			}
			return map[string][]policy.Statement{"eu-central-1": all}
		},
	})
}

// documents are all policies that create account derives from an app file, in all
// its variants, by what each is attached to.
func documents() map[string][]policy.Statement {
	all := map[string][]policy.Statement{}
	for name, a := range map[string]delivery.App{
		"plain":   app(delivery.StoreBucket{}, false, "/team"),
		"whole":   app(delivery.StoreBucket{}, false, ""),
		"records": app(delivery.StoreBucket{KMSKey: key, PruneRole: "arn:aws:iam::111111111111:role/cleaner"}, true, "/team"),
		"signed":  signed(true, "", key),
		"alias":   signed(true, "", "arn:aws:kms:eu-central-1:111111111111:alias/ledger"),
		"foreign": signed(true, "", strings.ReplaceAll(key, "111111111111", "333333333333")),
		"other":   signed(true, "prd", strings.ReplaceAll(key, "111111111111", "333333333333")),
	} {
		for _, s := range derived(a) {
			at := name + "/" + s.Account.Name
			all["AWS::IAM::Role of "+at] = s.Role
			for _, r := range s.Records {
				all["AWS::IAM::Role of "+at+"/"+r.Environment] = r.May
			}
			for _, g := range s.Grants {
				kind := map[string]string{"s3": "AWS::S3::BucketPolicy", "ecr": "AWS::ECR::Repository", "kms": kmsKey}[g.Service]
				all[kind+" of "+at+" "+g.Resource] = g.Statements
			}
		}
	}
	lets := policy.Images{From: policy.Registry{Account: "111111111111", Region: "us-east-1"}, Repositories: []string{"api"}}
	for _, g := range lets.Lets("sync", "333333333333", "arn:aws:iam::333333333333:role/nodes") {
		all["AWS::ECR::Repository of sync "+g.Resource] = g.Statements
	}
	decided := policy.Decided{App: "shop", Store: policy.Store{Bucket: "builds", Prefix: "team", Account: "111111111111", Region: "eu-central-1", Key: key}}
	job := policy.Scope{Partition: "aws", Account: "333333333333", Region: "us-east-1"}
	all["AWS::IAM::Role of a job that asks what people decided"] = decided.Needs(job)
	for _, g := range decided.Lets("sync", job, "arn:aws:iam::333333333333:role/nodes") {
		all[map[string]string{"s3": "AWS::S3::BucketPolicy", "kms": kmsKey}[g.Service]+" of a store that a job reads"] = g.Statements
	}
	return all
}

func TestEveryPolicyThatIsDerivedIsClean(t *testing.T) {
	t.Parallel()
	all := documents()
	if len(all) < 12 {
		t.Errorf("there are %d policies", len(all))
	}
	for name, statements := range all {
		kind, _, _ := strings.Cut(name, " ")
		found, err := Document(kind, []byte(policy.JSON(policy.New(statements...))))
		if err != nil || len(statements) == 0 {
			t.Errorf("%s: %d statements, %v", name, len(statements), err)
		}
		for _, f := range found {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// An exception that nothing needs is none.
func TestEveryExceptionIsNeeded(t *testing.T) {
	t.Parallel()
	for _, e := range exceptions() {
		needed := false
		for name, statements := range documents() {
			for _, st := range statements {
				raw, err := parse([]byte(policy.JSON(st)))
				if err != nil {
					t.Fatal(name, err)
				}
				s := newStatement("$", "", raw)
				for _, r := range s.resources {
					_, isWide := wide(r)
					needed = needed || isWide && e.covers(s, r)
				}
			}
		}
		if !needed || e.why == "" {
			t.Errorf("nothing needs the exception for %v on %s", e.actions, e.resource)
		}
	}
}

// A role that signs entries of ledgers may use the key that signs, for that alone,
// and no other role may use it.
func TestWhoSignsMayUseThatKeyAlone(t *testing.T) {
	t.Parallel()
	const file = "ops/key"
	theirs := strings.ReplaceAll(key, "111111111111", "333333333333")
	alias := "arn:aws:kms:eu-central-1:111111111111:alias/ledger"
	for name, test := range map[string]struct {
		app  delivery.App
		want []string // roles
		on   string
		by   string   // the alias that the key must have
		lets []string // roles that the key's policy must let in
	}{
		"a key of the store's account": {signed(true, "", key), []string{"falkirk-shop", "falkirk-shop-prd"}, key, "", nil},
		"an alias":                     {signed(true, "", alias), []string{"falkirk-shop", "falkirk-shop-prd"}, strings.Replace(alias, "alias/ledger", "key/*", 1), "alias/ledger", nil},
		"without roles of records":     {signed(false, "", key), []string{"falkirk-shop"}, key, "", nil},
		"a key of another account":     {signed(true, "", theirs), []string{"falkirk-shop", "falkirk-shop-prd"}, theirs, "", []string{"falkirk-shop", "falkirk-shop-prd"}},
		"another account signs":        {signed(true, "prd", theirs), []string{"prd falkirk-shop"}, theirs, "", nil},
		"a key in a file":              {signed(true, "", file), nil, "", "", nil},
		"no key":                       {signed(true, "", ""), nil, "", "", nil},
	} {
		var got, lets []string
		look := func(role string, all []policy.Statement) {
			for _, st := range all {
				if !strings.Contains(strings.Join(st.Actions, " "), "kms:Sign") {
					continue
				}
				got = append(got, role)
				if a := strings.Join(st.Actions, " "); a != "kms:GetPublicKey kms:Sign" || len(st.Resources) != 1 || st.Resources[0] != test.on {
					t.Errorf("%s: %s may %s on %v", name, role, a, st.Resources)
				}
				if by := strings.Join(st.Conditions["ForAnyValue:StringEquals"]["kms:ResourceAliases"], " "); by != test.by {
					t.Errorf("%s: %s may use keys with the alias %q", name, role, by)
				}
			}
		}
		for _, s := range derived(test.app) {
			prefix := ""
			if s.Account.Name != "builds" {
				prefix = s.Account.Name + " "
			}
			look(prefix+"falkirk-shop", s.Role)
			for _, r := range s.Records {
				look("falkirk-shop-"+r.Environment, r.May)
			}
			for _, g := range s.Grants {
				if g.Resource != test.on || g.Service != "kms" {
					continue
				}
				for _, st := range g.Statements {
					for _, arn := range st.Conditions["ArnEquals"]["aws:PrincipalArn"] {
						lets = append(lets, arn[strings.LastIndex(arn, "/")+1:])
					}
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) || fmt.Sprint(lets) != fmt.Sprint(test.lets) {
			t.Errorf("%s: %v may sign, want %v; the key lets in %v, want %v", name, got, test.want, lets, test.lets)
		}
	}
}
