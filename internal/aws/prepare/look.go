package prepare

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// look finds out what is there already, so that nothing of it is lost or made
// twice.
func (p Preparer) look(ctx context.Context, s policy.Setup, r Request) (found, error) {
	have := found{foreign: map[string][]json.RawMessage{}, existing: map[string]bool{}}
	if s.Builds {
		arn := s.Scope.Bucket(s.Scope.Store.Bucket)
		there, foreign, err := p.lookAt(ctx, s, policy.Grant{Service: "s3", Resource: arn}, s.Account.Region)
		if err != nil {
			return have, err
		}
		have.foreign[arn] = foreign
		mine, err := p.owns(ctx, s.Account.Region, s.Scope.Store.Bucket)
		if err != nil {
			return have, err
		}
		have.bucket = there && !mine
	}
	if !r.Repositories {
		return have, nil
	}
	for region, all := range p.repositories(s, have) {
		for _, one := range all {
			arn := policy.ARN{Partition: s.Scope.Partition, Service: "ecr", Region: region, Account: s.Account.ID, Resource: "repository/" + one.Name}.String()
			there, foreign, err := p.lookAt(ctx, s, policy.Grant{Service: "ecr", Resource: arn}, region)
			if err != nil {
				return have, err
			}
			have.foreign[arn] = foreign
			mine, err := p.owns(ctx, region, one.Name)
			if err != nil {
				return have, err
			}
			have.existing[arn] = there && !mine
		}
	}
	return have, nil
}

// lookAt reads what others attached to a resource.
func (p Preparer) lookAt(ctx context.Context, s policy.Setup, g policy.Grant, region string) (there bool, foreign []json.RawMessage, err error) {
	cfg, err := p.Config(ctx, region)
	if err != nil {
		return false, nil, err
	}
	text, err := attached{cfg, g, s.Account.Name}.read(ctx)
	if fault.Is(err, fault.NotFound) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, err
	}
	foreign, err = policy.Foreign(text, policy.Ours(p.App.Name))
	return true, foreign, err
}

// owns reports whether the stack of the account in a region has a resource of
// that name.
func (p Preparer) owns(ctx context.Context, region, physical string) (bool, error) {
	cfg, err := p.Config(ctx, region)
	if err != nil {
		return false, err
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: aws.String(Name(p.App.Name))})
	if code(err) == "ValidationError" {
		return false, nil // there is no such stack
	}
	if err != nil {
		return false, account.Classify(err)
	}
	for _, r := range out.StackResources {
		if aws.ToString(r.PhysicalResourceId) == physical && !slices.Contains([]string{"DELETE_COMPLETE", "CREATE_FAILED"}, string(r.ResourceStatus)) {
			return true, nil
		}
	}
	return false, nil
}

// contents are the resources of the stack in a region, as removals; none where
// there is no stack.
func (p Preparer) contents(ctx context.Context, cfg aws.Config) ([]Change, error) {
	out, err := cloudformation.NewFromConfig(cfg).DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: aws.String(Name(p.App.Name))})
	if code(err) == "ValidationError" {
		return nil, nil
	}
	if err != nil {
		return nil, account.Classify(err)
	}
	var all []Change
	for _, r := range out.StackResources {
		c := Change{Sign: "-", Name: aws.ToString(r.LogicalResourceId), Type: aws.ToString(r.ResourceType)}
		if slices.Contains([]string{"AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::S3::BucketPolicy"}, c.Type) {
			c.Note = "kept: " + aws.ToString(r.PhysicalResourceId)
		}
		all = append(all, c)
	}
	return all, nil
}
