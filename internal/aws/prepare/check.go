package prepare

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// check refuses what CloudFormation would only find out half-way: a policy that
// names what does not exist is invalid. What is in other accounts cannot be
// asked from here.
func (p Preparer) check(ctx context.Context, s policy.Setup, r Request) error {
	cfg, err := p.Config(ctx, s.Account.Region)
	if err != nil {
		return err
	}
	api := iam.NewFromConfig(cfg)
	who, err := p.principals(s, r)
	if err != nil {
		return err
	}
	for _, arn := range who {
		a, _ := policy.ParseARN(arn)
		kind, name, _ := strings.Cut(a.Resource, "/")
		name = name[strings.LastIndex(name, "/")+1:]
		if a.Account != s.Account.ID || arn == s.Account.Role {
			continue
		}
		switch kind {
		case "role":
			_, err = api.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
		case "user":
			_, err = api.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(name)})
		}
		if err := missing(err, arn, s); err != nil {
			return err
		}
	}
	if a, _ := policy.ParseARN(r.Boundary); a.Account == s.Account.ID {
		_, err = api.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(r.Boundary)})
		return missing(err, r.Boundary, s)
	}
	return nil
}

// principals are all who may take a role of the account's stack.
func (p Preparer) principals(s policy.Setup, r Request) ([]string, error) {
	if err := r.check(p.App); err != nil {
		return nil, err
	}
	roles := []string{""}
	for _, one := range s.Records {
		roles = append(roles, one.Environment)
	}
	var all []string
	for _, environment := range roles {
		statements, err := trust(s.Account, r.in(environment))
		if err != nil {
			return nil, err
		}
		all = append(all, statements[0].Principals["AWS"]...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// check refuses a principal of an environment that has no role of its own.
func (r Request) check(app delivery.App) error {
	for _, p := range r.Principals {
		name, _, is := strings.Cut(p, "=")
		if !is || strings.Contains(name, ":") {
			continue
		}
		if !slices.ContainsFunc(app.Environments, func(e delivery.Environment) bool { return e.Name == name && e.StoreRole != "" }) {
			err := fault.New(fault.Invalid, "--principal %s: environment %q has no storeRole in the app file", p, name)
			return fault.Hint(err, "add storeRole to the environment, or name the principal without %s=", name)
		}
	}
	return nil
}

func missing(err error, arn string, s policy.Setup) error {
	switch {
	case err == nil:
		return nil
	case code(err) == "NoSuchEntity":
		err := fault.New(fault.NotFound, "%s does not exist in account %s", arn, s.Account.Name)
		return fault.Hint(err, "make it first: a policy that names it would be invalid")
	}
	return fmt.Errorf("look at %s in account %s: %w", arn, s.Account.Name, account.Classify(err))
}

// order notes which accounts have to be prepared before this one, because their
// role is named in its trust policy.
func (p Preparer) order(s policy.Setup, r Request) []string {
	statements, err := trust(s.Account, r.in(""))
	if err != nil {
		return nil
	}
	var out []string
	for _, other := range p.App.Accounts {
		if other.Name != s.Account.Name && slices.Contains(statements[0].Principals["AWS"], other.Role) {
			out = append(out, fmt.Sprintf("%s may take the role: prepare account %s before this one, or AWS refuses the trust policy", other.Role, other.Name))
		}
	}
	return out
}

// explain says what to do about a principal that is not there.
func explain(err error) error {
	if err != nil && strings.Contains(err.Error(), "Invalid principal") {
		return fault.Hint(err, "prepare the account of the role that is named first, or name its account: --principal 123456789012")
	}
	return err
}
