package doctor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Accounts reaches the accounts of the app file.
type Accounts interface {
	Config(ctx context.Context, account, region string) (aws.Config, error)
	Walk(ctx context.Context, account string) ([]account.Hop, error)
}

// Doctor examines accounts.
type Doctor struct {
	Accounts Accounts
	App      delivery.App
	Setups   []policy.Setup // what each account must have
}

// side bounds how many calls are under way at once.
const side = 16

// Examine looks at one account, or at all of them where the name is empty, side
// by side. What is denied is no error; that an account cannot be reached is
// none, either: both are in the report.
func (d Doctor) Examine(ctx context.Context, only string) (delivery.Examination, error) {
	r := delivery.Examination{Accounts: []delivery.ExaminedAccount{}}
	setups := slices.DeleteFunc(slices.Clone(d.Setups), func(s policy.Setup) bool { return only != "" && s.Account.Name != only })
	if len(setups) == 0 {
		if only != "" {
			return r, fault.Hint(fault.New(fault.NotFound, "no account %q in the app file", only), "name an account of the app file; falkirk config show lists them")
		}
		return r, fault.Hint(fault.New(fault.Invalid, "the app file names no accounts"), "add accounts: to the app file; falkirk schema describes it")
	}
	setups = withRecords(setups)
	r.Accounts = make([]delivery.ExaminedAccount, len(setups))
	var all sync.WaitGroup
	slots := make(chan struct{}, side)
	for i, s := range setups {
		all.Go(func() { r.Accounts[i] = d.account(ctx, s, slots) })
	}
	all.Wait()
	r.Count()
	return r, ctx.Err()
}

// withRecords adds the roles that write the record of one environment, each as an
// account of its own behind the one that the store is in.
func withRecords(setups []policy.Setup) []policy.Setup {
	var out []policy.Setup
	for _, s := range setups {
		out = append(out, s)
		for _, r := range s.Records {
			one := s
			one.Records, one.Builds, one.Record = nil, false, r.Environment
			one.Account.Name, one.Account.Role, one.Scope.Role = r.Account, r.Role, r.Role
			one.Places = []policy.PlaceNeeds{{
				Place: delivery.Place{Environment: r.Environment, Account: s.Account.Name, Region: s.Scope.Store.Region},
				Scope: one.Scope, Statements: r.May, MustNot: r.MustNot,
			}}
			out = append(out, one)
		}
	}
	return out
}

func (d Doctor) account(ctx context.Context, s policy.Setup, slots chan struct{}) delivery.ExaminedAccount {
	out := delivery.ExaminedAccount{Name: s.Account.Name, Environment: s.Record, ID: s.Account.ID, Role: s.Account.Role, Hops: []delivery.ExaminedHop{}, Checks: []delivery.Permission{}}
	if !d.chain(ctx, s, &out) {
		return out
	}
	cfg, err := d.Accounts.Config(ctx, s.Account.Name, "")
	if err != nil {
		fails(&out, err)
		return out
	}
	sim := newSimulator(cfg, s.Account.Role)
	if note := sim.try(ctx); note != "" {
		out.Notes = append(out.Notes, note)
	}
	var all sync.WaitGroup
	checks := make([][]delivery.Permission, len(s.Places))
	for i, p := range s.Places {
		all.Go(func() { checks[i] = d.place(ctx, s, p, sim, slots) })
	}
	all.Wait()
	out.Checks = append(out.Checks, slices.Concat(checks...)...)
	return out
}

// chain walks the chain of roles and reports whether the account is reached.
func (d Doctor) chain(ctx context.Context, s policy.Setup, out *delivery.ExaminedAccount) bool {
	hops, err := d.Accounts.Walk(ctx, s.Account.Name)
	if err != nil {
		fails(out, err)
		return false
	}
	before := ""
	for _, h := range hops {
		one := delivery.ExaminedHop{Role: h.Role, ARN: h.ARN}
		if h.Skew.Abs() >= time.Minute {
			one.Skew = h.Skew.String()
			out.Notes = append(out.Notes, fmt.Sprintf("the clock of this machine is off by %s; AWS refuses requests from 5 minutes on", h.Skew.Abs()))
		}
		if h.Given > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s allows sessions of %s, and duration of accounts.%s asks for %s: set MaxSessionDuration of the role, or duration", h.Role, h.Given, s.Account.Name, h.Asked))
		}
		if h.Err != nil {
			one.Error = h.Err.Error()
			fails(out, h.Err)
			if h.Role == "" && out.Hint == "" {
				out.Error, out.Hint = "AWS does not accept the starting credentials: "+out.Error, "aws sts get-caller-identity and aws configure list show which credentials are used"
			}
			if h.Role != "" && fault.Is(h.Err, fault.Refused) && out.Hint == "" {
				out.Error = fmt.Sprintf("the chain breaks at %s: %s", h.Role, out.Error)
				out.Fixes = hopFixes(before, h.Role, s.Account)
			}
		}
		out.Hops = append(out.Hops, one)
		before = h.ARN
	}
	if out.Error == "" && hops[len(hops)-1].ID != s.Account.ID {
		out.Error = fmt.Sprintf("the chain ends in account %s (%s), and the app file says %s", hops[len(hops)-1].ID, before, s.Account.ID)
	}
	return out.Error == ""
}

// fails notes why the account cannot be reached. An error with a hint has a cause
// outside of the chain of roles: the starting credentials or the network.
func fails(a *delivery.ExaminedAccount, err error) {
	a.Err, a.Error, a.Hint = err, fault.CleanAddresses(err.Error()), fault.HintOf(err)
}

// hopFixes are the two sides of a role that cannot be assumed.
func hopFixes(from, role string, a delivery.Account) []delivery.StatementToAdd {
	if role == "" || from == "" {
		return nil
	}
	actions := []string{"sts:AssumeRole"}
	var conditions policy.Conditions
	if role == a.Role {
		if len(a.Tags) > 0 {
			actions = append(actions, "sts:TagSession")
		}
		if a.ExternalID != "" {
			conditions = policy.Conditions{"StringEquals": {"sts:ExternalId": {"(externalId of accounts." + a.Name + ")"}}}
		}
	}
	who := RoleOf(from)
	return []delivery.StatementToAdd{
		fix("the policies of "+who, policy.Statement{Sid: "falkirkAssume", Actions: actions, Resources: []string{role}}),
		fix("the trust policy of "+role, policy.Statement{Sid: "falkirkTrust", Principals: map[string][]string{"AWS": {who}}, Actions: actions, Conditions: conditions}),
	}
}
