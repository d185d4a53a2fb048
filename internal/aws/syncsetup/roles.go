package syncsetup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/eks"
	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// roles finds who copies: the role that was named, or those of the nodes.
func (r Request) roles(ctx context.Context, cfg aws.Config) ([]string, error) {
	if r.Identity != Node {
		return []string{r.Role}, nil
	}
	found, err := eks.New(cfg).NodeRoles(ctx, r.Spec.Cluster)
	if err != nil && len(r.Nodes) == 0 {
		return nil, fault.Hint(fmt.Errorf("find the roles of the cluster's nodes: %w", err), "name them with --node-role, or leave AWS alone with --no-aws")
	}
	all := slices.Concat(found, r.Nodes)
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		err := fault.New(fault.NotFound, "EKS knows no nodes of cluster %s: it has no managed node group", r.Spec.Cluster)
		return nil, fault.Hint(err, "name the role of its nodes with --node-role")
	}
	return all, nil
}

// Roles finds who copies.
func (s Setup) Roles(ctx context.Context, r Request) ([]string, error) {
	if r.Identity != Node {
		return []string{r.Role}, nil // AWS need not be asked
	}
	cfg, err := s.Own(ctx, r.Region)
	if err != nil && len(r.Nodes) > 0 {
		return r.Nodes, nil
	}
	if err != nil {
		return nil, err
	}
	return r.roles(ctx, cfg)
}

// roleName is the name at the end of a role's ARN.
func roleName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// trustOf proves that a role exists, and gives who may take it.
func trustOf(ctx context.Context, api *iam.Client, arn string) (string, error) {
	out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(roleName(arn))})
	if isCode(err, "NoSuchEntity") {
		err := fault.New(fault.NotFound, "role %s does not exist", arn)
		return "", fault.Hint(err, "make it first, or name another")
	}
	if err != nil {
		return "", fmt.Errorf("look at role %s: %w", arn, account.Classify(err))
	}
	text, err := url.QueryUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil {
		return "", fmt.Errorf("read who may take role %s: %w", arn, err)
	}
	return text, nil
}

// inline is our policy in one role.
type inline struct {
	api  *iam.Client
	role string // ARN
	name string
}

// read gives the policy; "" if the role does not have it, or is gone.
func (p inline) read(ctx context.Context) (string, error) {
	out, err := p.api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(roleName(p.role)), PolicyName: aws.String(p.name)})
	if isCode(err, "NoSuchEntity") {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read policy %s of role %s: %w", p.name, p.role, account.Classify(err))
	}
	text, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
	if err != nil {
		return "", fmt.Errorf("read policy %s of role %s: %w", p.name, p.role, err)
	}
	return text, nil
}

// differs says how the policy changes where it is to hold the statements; the
// whole of it is ours. No statement means that it is to go.
func (p inline) differs(ctx context.Context, want []policy.Statement) (after string, changes []policy.Change, err error) {
	before, err := p.read(ctx)
	if err != nil {
		return "", nil, err
	}
	return policy.Merge(before, func(string) bool { return true }, want)
}

func (p inline) write(ctx context.Context, text string) error {
	var err error
	if text == "" {
		_, err = p.api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(roleName(p.role)), PolicyName: aws.String(p.name)})
		if isCode(err, "NoSuchEntity") {
			return nil
		}
	} else {
		_, err = p.api.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(roleName(p.role)), PolicyName: aws.String(p.name), PolicyDocument: aws.String(text)})
	}
	if err != nil {
		return fmt.Errorf("write policy %s of role %s: %w", p.name, p.role, account.Classify(err))
	}
	return nil
}

func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), code)
}
