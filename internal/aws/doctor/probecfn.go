package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"falkirk/internal/aws/policy"
)

// stackName is the name in stack/NAME/*.
func stackName(r policy.ARN) *string {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.Resource, "stack/"), "/")
	return aws.String(strings.ReplaceAll(name, "*", nothing))
}

// stacks are the probes of CloudFormation: reads of the stack, and of and with
// a change set that is not there.
func stacks(cfg aws.Config) probes {
	c := cloudformation.NewFromConfig(cfg)
	set := aws.String(nothing)
	return probes{
		"cloudformation:DescribeStacks": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:DescribeStackEvents": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:DescribeStackResources": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:ListStackResources": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:GetTemplate": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:GetStackPolicy": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetStackPolicy(ctx, &cloudformation.GetStackPolicyInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:ListChangeSets": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ListChangeSets(ctx, &cloudformation.ListChangeSetsInput{StackName: stackName(r)})
			return err
		},
		"cloudformation:DescribeChangeSet": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: stackName(r), ChangeSetName: set})
			return err
		},
		"cloudformation:ExecuteChangeSet": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{StackName: stackName(r), ChangeSetName: set})
			return err
		},
		"cloudformation:DeleteChangeSet": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: stackName(r), ChangeSetName: set})
			return err
		},
	}
}

// distributions are the probes of CloudFront: the invalidation is of nothing,
// which is refused.
func distributions(cfg aws.Config) probes {
	c := cloudfront.NewFromConfig(cfg)
	id := func(r policy.ARN) *string {
		return aws.String(strings.ReplaceAll(strings.TrimPrefix(r.Resource, "distribution/"), "*", nothing))
	}
	return probes{
		"cloudfront:GetDistribution": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: id(r)})
			return err
		},
		"cloudfront:GetInvalidation": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: id(r), Id: aws.String(nothing)})
			return err
		},
		"cloudfront:ListInvalidations": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.ListInvalidations(ctx, &cloudfront.ListInvalidationsInput{DistributionId: id(r), MaxItems: aws.Int32(1)})
			return err
		},
		"cloudfront:CreateInvalidation": func(ctx context.Context, r policy.ARN, _ policy.Statement) error {
			_, err := c.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
				DistributionId:    id(r),
				InvalidationBatch: &types.InvalidationBatch{CallerReference: aws.String(nothing), Paths: &types.Paths{Quantity: aws.Int32(0)}},
			})
			return err
		},
	}
}
