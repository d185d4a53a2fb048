package syncfunction

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/fault"
)

// LookRemoval finds out what there is to remove: the statements in repositories
// of others, the stacks that tell of pushes, the function's own, and the zips.
func (s Setup) LookRemoval(ctx context.Context, r Request) (View, error) {
	v := View{Role: syncstack.RoleARN(r.Function.At, r.Function.Name)}
	sources := slices.Clone(r.Sources)
	for i := range sources {
		sources[i].Grants = withoutStatements(sources[i].Grants)
	}
	var own aws.Config
	if !r.OnlySource {
		var err error
		if own, err = s.Own(ctx, r.Function.At.Region); err != nil {
			return v, err
		}
		stale, err := s.stale(ctx, own, r)
		if err != nil {
			return v, err
		}
		sources = Request{Sources: sources}.with(stale)
	}
	if !r.SkipSource {
		for _, one := range sources {
			if err := s.lookRemoveSource(ctx, r, one, &v); err != nil {
				return v, err
			}
		}
	}
	if r.OnlySource {
		return v, nil
	}
	err := s.lookRemoveOwn(ctx, own, r, &v)
	return v, err
}

func withoutStatements(all []policy.Grant) []policy.Grant {
	var out []policy.Grant
	for _, g := range all {
		out = append(out, policy.Grant{Service: g.Service, Resource: g.Resource, At: g.At})
	}
	return out
}

func (s Setup) lookRemoveSource(ctx context.Context, r Request, one Source, v *View) error {
	cfg, err := s.Source(ctx, one.At.Account, one.At.Region)
	for i := 0; err == nil && i < len(one.Grants); i++ {
		err = v.grant(ctx, cfg, r, one.Grants[i])
	}
	if err == nil {
		err = s.lookRemoveStack(ctx, cfg, one.At, r.SourceStack(), v)
	}
	if !fault.Is(err, fault.Refused) {
		return err
	}
	out := Elsewhere{Account: one.At.Account, Region: one.At.Region, Stack: r.SourceStack(), Why: fault.CleanAddresses(err.Error())}
	for _, g := range one.Grants {
		if g.Service != "kms" {
			out.Policies = append(out.Policies, policyOf(g))
		}
	}
	v.Elsewhere = append(v.Elsewhere, out)
	return nil
}

func (s Setup) lookRemoveOwn(ctx context.Context, cfg aws.Config, r Request, v *View) error {
	m, err := recall(ctx, cfg, r.Function.Name)
	if err != nil {
		return err
	}
	if err := s.lookRemoveStack(ctx, cfg, r.Function.At, r.Function.Name, v); err != nil {
		return err
	}
	code := m.code()
	if code.Key == "" {
		return nil
	}
	v.Code = "s3://" + code.Bucket + "/" + code.Key
	v.apply = append(v.apply, func(ctx context.Context) error { return store(cfg).clear(ctx, code) })
	return nil
}

// lookRemoveStack notes a stack with all that is in it, and that it is to go.
func (s Setup) lookRemoveStack(ctx context.Context, cfg aws.Config, at policy.Scope, name string, v *View) error {
	client := cfn.New(cfg, cfn.Options{Where: at.Account + "/" + at.Region})
	if _, err := client.Describe(ctx, name); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		return fmt.Errorf("look into stack %s: %w", name, account.Classify(err))
	}
	change := StackChange{Account: at.Account, Region: at.Region, Name: name}
	for _, one := range out.StackResources {
		if one.ResourceType == nil {
			continue // an emulator's
		}
		change.Changes = append(change.Changes, prepare.Change{Sign: "-", Name: aws.ToString(one.LogicalResourceId), Type: aws.ToString(one.ResourceType)})
	}
	v.Stacks = append(v.Stacks, change)
	v.apply = append(v.apply, func(ctx context.Context) error {
		err := s.Stacks.Delete(ctx, prepare.Stack{Config: cfg, Account: at.Account, Name: name})
		if err != nil {
			return fmt.Errorf("remove stack %s in account %s, region %s: %w", name, at.Account, at.Region, err)
		}
		return nil
	})
	return nil
}

// Remove does what LookRemoval has found.
func (Setup) Remove(ctx context.Context, v View) error {
	for _, do := range v.apply {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}
