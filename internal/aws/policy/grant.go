package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Grant is what the policy of a resource must say so that a role of another
// account may use it. AWS asks both sides: the role's own policy, and this.
type Grant struct {
	Service    string      `json:"service"`  // s3, ecr or kms
	Resource   string      `json:"resource"` // ARN of the bucket, the repository or the key
	Statements []Statement `json:"statements"`
	At         Scope       `json:"-"` // account and region of a bucket, whose ARN has neither; empty where nobody asks
}

// Where is the account and the region of the resource; both are empty for a
// bucket of which they are not known.
func (g Grant) Where() (account, region string) {
	if g.At.Account != "" {
		return g.At.Account, g.At.Region
	}
	a, _ := ParseARN(g.Resource)
	return a.Account, a.Region
}

// Address is the ARN of the resource with its account and region, also for a
// bucket: with it the resource is found again.
func (g Grant) Address() string {
	a, ok := ParseARN(g.Resource)
	if !ok {
		return g.Resource
	}
	a.Account, a.Region = g.Where()
	return a.String()
}

// GrantAt is the grant of nothing on the resource with an address.
func GrantAt(address string) Grant {
	a, _ := ParseARN(address)
	g := Grant{Service: a.Service, Resource: address}
	if a.Service == "s3" {
		g.At = Scope{Partition: a.Partition, Account: a.Account, Region: a.Region}
		a.Account, a.Region = "", ""
		g.Resource = a.String()
	}
	return g
}

// Name is the name of the bucket or the repository, or the key's ID.
func (g Grant) Name() string {
	a, _ := ParseARN(g.Resource)
	_, name, found := strings.Cut(a.Resource, "/")
	if !found {
		return a.Resource
	}
	return name
}

// Region is the resource's region; "" for a bucket.
func (g Grant) Region() string {
	a, _ := ParseARN(g.Resource)
	return a.Region
}

// need is a statement of a role.
type need struct {
	scope Scope
	Statement
}

// grants turns what roles of other accounts need of an account into the
// policies of its resources.
func grants(app, account string, needs []need) []Grant {
	var out []Grant
	for _, n := range needs {
		if n.scope.Foreign(n.Statement) != account || n.scope.Role == "" {
			continue // its own, or nobody to grant it to
		}
		for _, r := range n.Resources {
			out = grant(out, app, r, n)
		}
	}
	for i := range out {
		out[i].Statements = joinRoles(out[i].Statements)
	}
	slices.SortFunc(out, func(a, b Grant) int { return cmp.Compare(a.Resource, b.Resource) })
	return out
}

// keep adds statements to the policy of a resource as they are.
func keep(all []Grant, resource string, statements []Statement) []Grant {
	i := slices.IndexFunc(all, func(g Grant) bool { return g.Resource == resource })
	if i < 0 {
		a, _ := ParseARN(resource)
		return append(all, Grant{Service: a.Service, Resource: resource, Statements: statements})
	}
	all[i].Statements = append(all[i].Statements, statements...)
	return all
}

func grant(all []Grant, app, resource string, n need) []Grant {
	a, ok := ParseARN(resource)
	if !ok {
		return all
	}
	thing := resource
	s := n.Statement
	s.Sid, s.Owner, s.Resources = Sid(app, n.Sid), "", []string{resource}
	switch a.Service {
	case "s3":
		a.Resource, _, _ = strings.Cut(a.Resource, "/")
		thing = a.String()
	case "ecr":
		s.Resources = nil // the policy is on the repository itself
	case "kms":
		s.Resources = []string{"*"} // that is the key itself, in its policy
	default:
		return all
	}
	s.Principals = map[string][]string{"AWS": {"arn:" + a.Partition + ":iam::" + n.scope.Account + ":root"}}
	s.Conditions = withRole(s.Conditions, n.scope.Role)
	i := slices.IndexFunc(all, func(g Grant) bool { return g.Resource == thing })
	if i < 0 {
		return append(all, Grant{Service: a.Service, Resource: thing, Statements: []Statement{s}})
	}
	all[i].Statements = append(all[i].Statements, s)
	return all
}

// withRole asks for one role of the account that is the principal. A principal
// that is the role itself would have to exist before, and would be another after
// it was made again:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func withRole(c Conditions, role string) Conditions {
	out := Conditions{}
	for operator, keys := range c {
		out[operator] = keys
	}
	out["ArnEquals"] = map[string][]string{"aws:PrincipalArn": {role}}
	return out
}

// joinRoles makes one statement of those that differ in role and resource only.
func joinRoles(all []Statement) []Statement {
	var out []Statement
	for _, s := range Join(all) {
		i := slices.IndexFunc(out, func(o Statement) bool {
			return bare(o).same(bare(s)) && equal(o.Resources, s.Resources)
		})
		if i < 0 {
			out = append(out, s)
			continue
		}
		o := &out[i]
		o.Principals = map[string][]string{"AWS": listed(append(slices.Clip(o.Principals["AWS"]), s.Principals["AWS"]...))}
		roles := append(slices.Clip(o.Conditions["ArnEquals"]["aws:PrincipalArn"]), s.Conditions["ArnEquals"]["aws:PrincipalArn"]...)
		c := Conditions{}
		for operator, keys := range o.Conditions {
			c[operator] = keys
		}
		c["ArnEquals"] = map[string][]string{"aws:PrincipalArn": listed(roles)}
		o.Conditions = c
	}
	return out
}

// bare is the statement for no role in particular.
func bare(s Statement) Statement {
	c := Conditions{}
	for operator, keys := range s.Conditions {
		if operator != "ArnEquals" {
			c[operator] = keys
		}
	}
	s.Sid, s.Principals, s.Conditions = "", nil, c
	return s
}

// Grants is what an account must let a role in another place do so that one
// statement of that role's holds.
func Grants(app, account string, at Scope, s Statement) []Grant {
	return grants(app, account, []need{{at, s}})
}
