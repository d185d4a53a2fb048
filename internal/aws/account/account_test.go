package account

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

const (
	one = "111111111111"
	two = "222222222222"
)

func pool(s *emulators.Server, accounts ...delivery.Account) *Pool {
	return New(Options{
		Accounts: accounts, App: "shop", Actor: "ann b@laptop",
		Start: func(context.Context) (aws.Config, error) { return s.Config("us-east-1"), nil },
	})
}

func role(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }

func arn(ctx context.Context, t *testing.T, p *Pool, account, region string) string {
	t.Helper()
	cfg, err := p.Config(ctx, account, region)
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(who.Arn)
}

func TestChain(t *testing.T) {
	t.Parallel()
	p := pool(emulators.Moto(t), delivery.Account{
		Name: "prd", ID: two, Via: []string{role(one, "hop")}, Role: role(two, "deploy"),
		ExternalID: "xyz", Tags: map[string]string{"team": "web"}, Region: "eu-central-1",
	})
	if got, want := arn(t.Context(), t, p, "prd", ""), "arn:aws:sts::"+two+":assumed-role/deploy/falkirk-look-ann-b@laptop"; got != want {
		t.Errorf("who looks is %s, want %s", got, want)
	}
	ctx := delivery.WithOperation(t.Context(), delivery.Operation{ID: "20261120-101500-abcdef", Verb: delivery.VerbPromote, Actor: "github/ann"})
	if got := arn(ctx, t, p, "prd", "eu-west-1"); !strings.HasSuffix(got, "/falkirk-promote-20261120-101500-abcdef-github-ann") {
		t.Errorf("who promotes is %s", got)
	}
	cfg, err := p.Config(ctx, "prd", "")
	if err != nil || cfg.Region != "eu-central-1" {
		t.Errorf("the home region is %q: %v", cfg.Region, err)
	}
}

// A mistyped account is refused before anything in it is asked.
func TestWrongAccount(t *testing.T) {
	t.Parallel()
	s := emulators.Moto(t)
	p := pool(s,
		delivery.Account{Name: "prd", ID: "222222222223", Role: role(two, "deploy"), Region: "eu-central-1"},
		delivery.Account{Name: "bare", ID: two, Region: "eu-central-1"})
	for _, name := range []string{"prd", "bare"} {
		_, err := p.Config(t.Context(), name, "")
		if fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "ends in") || !strings.Contains(fault.HintOf(err), "accounts."+name) {
			t.Errorf("%s: %v (%s)", name, err, fault.HintOf(err))
		}
	}
	if _, err := p.Config(t.Context(), "nowhere", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an account that is not in the file: %v", err)
	}
}

// One chain is walked once, whoever needs it.
func TestSessionsAreShared(t *testing.T) {
	t.Parallel()
	p := pool(emulators.Moto(t), delivery.Account{Name: "prd", ID: two, Role: role(two, "deploy"), Region: "eu-central-1"})
	keys := make([]string, 16)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			cfg, err := p.Config(t.Context(), "prd", "eu-west-1")
			if err == nil {
				c, retrieveErr := cfg.Credentials.Retrieve(t.Context())
				keys[i], err = c.AccessKeyID, retrieveErr
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, k := range keys {
		if k == "" || k != keys[0] {
			t.Fatalf("there are several sessions: %q", keys)
		}
	}
}

// Who may not assume the role reads which account and which role it was.
func TestDenied(t *testing.T) {
	t.Parallel()
	s := emulators.Moto(t, "INITIAL_NO_AUTH_ACTION_COUNT=0")
	p := pool(s, delivery.Account{Name: "prd", ID: two, Role: role(two, "deploy"), Region: "eu-central-1"})
	_, err := p.Config(t.Context(), "prd", "")
	if err == nil || !strings.Contains(err.Error(), `account "prd" (222222222222) by `+role(two, "deploy")) {
		t.Errorf("got %v", err)
	}
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("the kind is %v: %v", fault.KindOf(err), err)
	}
}
