package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	storeKey  = "arn:aws:kms:eu-central-1:" + builds + ":key/k"
	storeRead = "arn:aws:s3:::bucket/team/"
)

func decided() Decided {
	return Decided{App: "shop", Store: Store{Bucket: "bucket", Prefix: "team", Account: builds, Region: "eu-central-1", Key: storeKey}}
}

func jobAt(account string) Scope {
	return Scope{Partition: "aws", Account: account, Region: "us-east-1"}
}

// told is statements in short: what may be done with what.
func told(all []Statement) []string {
	var out []string
	for _, s := range all {
		out = append(out, strings.Join(s.Actions, " ")+" "+strings.Join(listed(s.Resources), " ")+fmt.Sprint(s.Conditions))
	}
	return out
}

// A job may read the record of decisions about the app, releases and blobs, and
// nothing else of the store.
func TestAJobMayReadWhatPeopleDecided(t *testing.T) {
	t.Parallel()
	want := []string{
		"s3:ListBucket arn:aws:s3:::bucket" + fmt.Sprint(Conditions{"StringLikeIfExists": {"s3:prefix": {"team/ledger/shop/_app/*"}}}),
		"s3:GetObject " + strings.Join([]string{
			storeRead + "blobs/sha256/*", storeRead + "ledger-head/shop/_app.json", storeRead + "ledger-snapshot/shop/_app.json", storeRead + "ledger/shop/_app/*", storeRead + "releases/shop/*",
		}, " ") + fmt.Sprint(Conditions(nil)),
		"kms:Decrypt " + storeKey + fmt.Sprint(Conditions{"StringEquals": {"kms:ViaService": {"s3.eu-central-1.amazonaws.com"}}}),
	}
	if d := cmp.Diff(want, told(decided().Needs(jobAt(prod)))); d != "" {
		t.Errorf("(-want +is)\n%s", d)
	}
	if got := (Decided{App: "shop"}).Needs(jobAt(prod)); len(got) != 0 {
		t.Errorf("without a store it may %v", told(got))
	}
}

// The account of the store lets just that role do the same; where it is the
// job's own account there is nothing to say.
func TestTheStoreLetsAJobRead(t *testing.T) {
	t.Parallel()
	grants := decided().Lets("job", jobAt(prod), role)
	if len(grants) != 2 || grants[0].Service != "kms" || grants[0].Resource != storeKey || grants[1].Resource != "arn:aws:s3:::bucket" || len(grants[1].Statements) != 2 {
		t.Fatalf("%+v", grants)
	}
	for _, g := range grants {
		if account, region := g.Where(); account != builds || region != "eu-central-1" {
			t.Errorf("%s is in %s, %s", g.Resource, account, region)
		}
		for _, s := range g.Statements {
			if !equal(s.Conditions["ArnEquals"]["aws:PrincipalArn"], []string{role}) || !Ours("job")(s.Sid) || Ours("shop")(s.Sid) {
				t.Errorf("%s", JSON(s))
			}
		}
	}
	again := GrantAt(grants[1].Address())
	if account, region := again.Where(); again.Service != "s3" || again.Resource != grants[1].Resource || again.Name() != "bucket" || account != builds || region != "eu-central-1" {
		t.Errorf("found again: %+v", again)
	}
	if got := decided().Lets("job", jobAt(prod)); len(got) != 1 || got[0].Resource != "arn:aws:s3:::bucket" || len(got[0].Statements) > 0 {
		t.Errorf("to be taken away from: %+v", got)
	}
	if got := decided().Lets("job", jobAt(builds), role); len(got) != 0 {
		t.Errorf("within one account: %+v", got)
	}
}
