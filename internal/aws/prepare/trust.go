package prepare

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// shapes of principals: an account, its root, a role or a user.
var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	principal = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)$`)
	roleName  = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	boundary  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+$`)
)

// trust is who may take the role, and how.
func trust(a delivery.Account, r Request) ([]policy.Statement, error) {
	who := r.Principals
	if len(who) == 0 && len(a.Via) > 0 {
		who = a.Via[len(a.Via)-1:]
	}
	if len(who) == 0 {
		err := fault.New(fault.Invalid, "nobody is named who may take the role in account %s", a.Name)
		return nil, fault.Hint(err, "add --principal with the ARN of your CI's role or user, or of an account's root: %s", policy.InAccount(a, "root"))
	}
	var names []string
	for _, p := range who {
		if accountID.MatchString(p) {
			p = policy.ARN{Partition: policy.PartitionOf(a), Service: "iam", Account: p, Resource: "root"}.String()
		}
		if !principal.MatchString(p) {
			err := fault.New(fault.Invalid, "%q is nobody who can take a role", p)
			return nil, fault.Hint(err, "name a role or a user by its ARN, or an account by its 12 digits")
		}
		names = append(names, p)
	}
	external := a.ExternalID
	if r.ExternalID != "" && external != "" && r.ExternalID != external {
		err := fault.New(fault.Invalid, "--external-id is not the externalId of accounts.%s: the chain would break", a.Name)
		return nil, fault.Hint(err, "leave --external-id out, or make them the same")
	}
	if external == "" {
		external = r.ExternalID
	}
	s := policy.Statement{
		Sid: "falkirkTrust", Why: "Who may take the role.", Actions: []string{"sts:AssumeRole"},
		Principals: map[string][]string{"AWS": names}, Conditions: policy.Conditions{},
	}
	if external != "" {
		s.Conditions["StringEquals"] = map[string][]string{"sts:ExternalId": {external}}
	}
	if len(a.Tags) > 0 {
		s.Actions = append(s.Actions, "sts:TagSession")
		s.Conditions["ForAllValues:StringEquals"] = map[string][]string{"aws:TagKeys": slices.Sorted(maps.Keys(a.Tags))}
	}
	return []policy.Statement{s}, nil
}

// role finds the name and the path of the role to make.
func role(a delivery.Account, r Request) (name, path string, err error) {
	arn, _ := policy.ParseARN(a.Role)
	full := strings.TrimPrefix(arn.Resource, "role/")
	name = full[strings.LastIndex(full, "/")+1:]
	path = "/" + strings.TrimSuffix(full, name)
	switch {
	case r.Role != "" && name != "" && r.Role != name:
		err = fault.New(fault.Invalid, "--role-name %s is not the role of accounts.%s in the app file (%s)", r.Role, a.Name, name)
		return "", "", fault.Hint(err, "leave --role-name out, or set accounts.%s.role", a.Name)
	case name == "" && r.Role == "":
		err = fault.New(fault.Invalid, "account %s has no role in the app file", a.Name)
		return "", "", fault.Hint(err, "add accounts.%s.role: %s", a.Name, policy.InAccount(a, "role/falkirk"))
	case name == "":
		name = r.Role
	}
	if !roleName.MatchString(name) {
		return "", "", fault.New(fault.Invalid, "%q is no name for a role", name)
	}
	if r.Boundary != "" && !boundary.MatchString(r.Boundary) {
		return "", "", fault.New(fault.Invalid, "--permissions-boundary %q is not the ARN of a managed policy", r.Boundary)
	}
	return name, path, nil
}
