package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// place checks every action on every resource that one place needs, and that what
// it must not be allowed is denied.
func (d Doctor) place(ctx context.Context, s policy.Setup, p policy.PlaceNeeds, sim *simulator, slots chan struct{}) []delivery.Permission {
	var checks []delivery.Permission
	var statements []policy.Statement
	for _, st := range slices.Concat(p.Statements, p.MustNot) {
		for _, action := range st.Actions {
			for _, resource := range st.Resources {
				checks = append(checks, delivery.Permission{
					Environment: p.Place.Environment, Region: p.Scope.Region,
					Sid: st.Sid, Why: st.Why, Action: action, Resource: resource,
				})
				one := st
				one.Actions, one.Resources = []string{action}, []string{resource}
				statements = append(statements, one)
			}
		}
	}
	cfg, err := d.Accounts.Config(ctx, s.Account.Name, p.Scope.Region)
	if err != nil {
		for i := range checks {
			checks[i].Answer, checks[i].Note = delivery.AccessUnknown, err.Error()
		}
		return checks
	}
	probes := newProbes(cfg)
	var all sync.WaitGroup
	for i := range checks {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			d.check(ctx, sim, probes, p.Scope, statements[i], &checks[i])
		})
	}
	all.Wait()
	unclear(checks)
	checks = d.excess(p, checks)
	for i, c := range checks {
		if c.Answer == delivery.AccessDenied {
			checks[i].Fixes = d.fixes(p.Scope, statements[i], c)
		}
	}
	return checks
}

// excess turns what is allowed and must not be into a finding of its own; what is
// denied as it should be is none. The checks of what must not be allowed come last.
func (d Doctor) excess(p policy.PlaceNeeds, checks []delivery.Permission) []delivery.Permission {
	wanted := len(checks)
	for _, st := range p.MustNot {
		wanted -= len(st.Actions) * len(st.Resources)
	}
	out := checks[:wanted:wanted]
	for _, c := range checks[wanted:] {
		if c.Answer == delivery.AccessDenied {
			continue
		}
		if c.Answer == delivery.AccessAllowed {
			c.Answer = delivery.AccessExcess
		}
		out = append(out, c)
	}
	return out
}

// check asks the simulator where it answers. That knows the role's side alone:
// what is another account's is probed as well.
func (d Doctor) check(ctx context.Context, sim *simulator, probes probes, at policy.Scope, st policy.Statement, c *delivery.Permission) {
	foreign := at.Foreign(st) != ""
	if sim.works {
		c.Answer, c.Note = sim.ask(ctx, st)
		c.By = "simulated"
		if c.Answer == delivery.AccessDenied || c.Answer == delivery.AccessAllowed && !foreign {
			return
		}
	}
	answer, note := probes.ask(ctx, st)
	switch {
	case answer != delivery.AccessUnknown:
		c.Answer, c.Note, c.By = answer, note, "probed"
	case sim.works && c.Answer == delivery.AccessAllowed:
		c.Note = "the role's side; the other account's could not be asked: " + note
	default:
		c.Answer, c.Note, c.By = delivery.AccessUnknown, note, ""
	}
}

// unclear takes back answers that say nothing: without leave to list a bucket,
// S3 refuses to say that an object is missing.
func unclear(checks []delivery.Permission) {
	for i, c := range checks {
		if c.Answer != delivery.AccessDenied || c.By != "probed" || c.Action != "s3:GetObject" || strings.Contains(c.Note, c.Action) {
			continue
		}
		bucket, _, _ := strings.Cut(c.Resource, "/")
		for _, o := range checks {
			if o.Action == "s3:ListBucket" && o.Resource == bucket && o.Answer == delivery.AccessDenied {
				checks[i].Answer, checks[i].By = delivery.AccessUnknown, ""
				checks[i].Note = "cannot be told while s3:ListBucket on " + bucket + " is denied"
			}
		}
	}
}

// fixes says where the statement goes: to the role, to the resource of the
// other account, or, where AWS does not say which, to both.
func (d Doctor) fixes(at policy.Scope, st policy.Statement, c delivery.Permission) []delivery.StatementToAdd {
	mine := fix("the policies of "+orIdentity(at.Role), policy.Statement{Sid: st.Sid, Actions: st.Actions, Resources: st.Resources, Conditions: st.Conditions})
	owner := at.Foreign(st)
	if owner == "" {
		return []delivery.StatementToAdd{mine}
	}
	var theirs []delivery.StatementToAdd
	for _, g := range policy.Grants(d.App.Name, owner, at, st) {
		for _, s := range g.Statements {
			theirs = append(theirs, fix(policyOf(g)+" in account "+d.name(owner), s))
		}
	}
	switch {
	case c.By == "simulated", strings.Contains(c.Note, "no identity-based policy"):
		return []delivery.StatementToAdd{mine}
	case strings.Contains(c.Note, "no resource-based policy"):
		return theirs
	}
	return append([]delivery.StatementToAdd{mine}, theirs...)
}

func policyOf(g policy.Grant) string {
	switch g.Service {
	case "s3":
		return "the bucket policy of " + g.Name()
	case "ecr":
		return "the repository policy of " + g.Name()
	}
	return "the key policy of " + g.Resource
}

// name is the name of an account in the app file, with its ID.
func (d Doctor) name(id string) string {
	for _, a := range d.App.Accounts {
		if a.ID == id {
			return a.Name + " (" + id + ")"
		}
	}
	return id
}

func orIdentity(role string) string {
	if role == "" {
		return "who the starting credentials belong to"
	}
	return role
}

// RoleOf is the role of a session's ARN; other ARNs stay.
func RoleOf(arn string) string {
	a, ok := policy.ParseARN(arn)
	parts := strings.Split(a.Resource, "/")
	if !ok || a.Service != "sts" || parts[0] != "assumed-role" || len(parts) < 3 {
		return arn
	}
	a.Service, a.Region, a.Resource = "iam", "", "role/"+parts[1]
	return a.String()
}
