package prepare

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/accountstack"
	"falkirk/internal/fault"
)

// Template is the text of one stack, and the region that it goes to.
type Template struct {
	Region string
	Stack  string
	Text   []byte
}

// Print gives the templates of an account as the app file has it, and asks
// nobody: as if nothing were there yet.
func (p Preparer) Print(r Request) ([]Template, error) {
	s, err := p.setup(r.Account)
	if err != nil {
		return nil, err
	}
	return p.templates(s, r, found{})
}

// found is what is in the account already.
type found struct {
	bucket   bool                         // the store's bucket is there and not of the stack
	foreign  map[string][]json.RawMessage // statements of others, by ARN of what they are attached to
	existing map[string]bool              // repositories that are there and not of the stack, by ARN
}

// templates writes a template for the home region, and one for every other
// region that has repositories.
func (p Preparer) templates(s policy.Setup, r Request, have found) ([]Template, error) {
	made, err := p.role(s, r.in(""))
	if err != nil {
		return nil, err
	}
	home := s.Account.Region
	if home == "" {
		err := fault.New(fault.Invalid, "account %s has no home region", s.Account.Name)
		return nil, fault.Hint(err, "add accounts.%s.region", s.Account.Name)
	}
	repositories := map[string][]accountstack.Repository{}
	if r.Repositories {
		repositories = p.repositories(s, have)
	}
	records, err := p.records(s, r)
	if err != nil {
		return nil, err
	}
	stacks := map[string]accountstack.Stack{home: {Role: made, Records: records, Builds: p.builds(s, have)}}
	for region, all := range repositories {
		one := stacks[region]
		one.Repositories = all
		stacks[region] = one
	}
	var out []Template
	for _, region := range slices.Sorted(maps.Keys(stacks)) {
		one := stacks[region]
		one.App, one.Account = p.App.Name, s.Account.Name
		text, err := accountstack.Template(one)
		if err != nil {
			return nil, err
		}
		out = append(out, Template{region, Name(p.App.Name), text})
	}
	// The role comes first: what lets others in may name it.
	slices.SortStableFunc(out, func(a, b Template) int { return isHome(b, home) - isHome(a, home) })
	return out, nil
}

func isHome(t Template, home string) int {
	if t.Region == home {
		return 1
	}
	return 0
}

func (p Preparer) role(s policy.Setup, r Request) (*accountstack.Role, error) {
	name, path, err := role(s.Account, r)
	if err != nil {
		return nil, err
	}
	statements, err := trust(s.Account, r)
	if err != nil {
		return nil, err
	}
	return &accountstack.Role{
		Name: name, Path: path, Seconds: int(s.Account.Duration.Std().Seconds()),
		Trust: statements, Boundary: r.Boundary, May: s.Role, Granted: resources(s.Grants),
	}, nil
}

// records are the roles of environments that write their own record.
func (p Preparer) records(s policy.Setup, r Request) ([]accountstack.Record, error) {
	var out []accountstack.Record
	for _, one := range s.Records {
		a := s.Account
		a.Role = one.Role
		own := r.in(one.Environment)
		own.Role = ""
		name, path, err := role(a, own)
		if err != nil {
			return nil, err
		}
		statements, err := trust(a, own)
		if err != nil {
			return nil, err
		}
		out = append(out, accountstack.Record{Environment: one.Environment, Role: accountstack.Role{
			Name: name, Path: path, Seconds: int(a.Duration.Std().Seconds()), Trust: statements, Boundary: r.Boundary, May: one.May,
		}})
	}
	return out, nil
}

// resources are the ARNs of what grants are attached to.
func resources(grants []policy.Grant) []string {
	var out []string
	for _, g := range grants {
		if g.Service != "kms" {
			out = append(out, g.Resource)
		}
	}
	return out
}

// builds is the store's bucket, where it is this account's and not made by
// somebody else.
func (p Preparer) builds(s policy.Setup, have found) *accountstack.Bucket {
	if !s.Builds || have.bucket {
		return nil
	}
	store := s.Scope.Store
	arn := s.Scope.Bucket(store.Bucket)
	return &accountstack.Bucket{
		Name: store.Bucket, Partition: s.Scope.Partition, Key: store.Key,
		Staging: policy.Under(store.Prefix) + ".staging/",
		Logs:    p.App.StoreBucket.AccessLogs,
		Lock:    accountstack.Lock{Days: p.App.StoreBucket.LockDays, Compliance: p.App.StoreBucket.LockMode == "compliance"},
		Grants:  letIn(s, arn), Foreign: have.foreign[arn],
	}
}

// repositories are those of the account that its role works on, by region.
func (p Preparer) repositories(s policy.Setup, have found) map[string][]accountstack.Repository {
	all := map[string][]accountstack.Repository{}
	seen := map[string]bool{}
	for _, st := range s.Role {
		for _, r := range st.Resources {
			a, ok := policy.ParseARN(r)
			name, isRepository := strings.CutPrefix(a.Resource, "repository/")
			if !ok || !isRepository || a.Service != "ecr" || a.Account != s.Account.ID || seen[r] || have.existing[r] {
				continue
			}
			if strings.ContainsAny(name, "*?") {
				continue // a pattern: what it means is made when it is copied
			}
			seen[r] = true
			all[a.Region] = append(all[a.Region], accountstack.Repository{Name: name, Moving: s.Moving[r], Grants: letIn(s, r), Foreign: have.foreign[r]})
		}
	}
	return all
}

func letIn(s policy.Setup, arn string) []policy.Statement {
	for _, g := range s.Grants {
		if g.Resource == arn {
			return g.Statements
		}
	}
	return nil
}
