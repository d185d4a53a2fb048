package syncfunction

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
	"github.com/goccy/go-yaml"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/fault"
)

// stale are repositories and buckets that let the role in since an earlier run and
// need not do so any more; the stack's template remembers.
func (s Setup) stale(ctx context.Context, cfg aws.Config, r Request) ([]policy.Grant, error) {
	m, err := recall(ctx, cfg, r.Function.Name)
	if err != nil {
		return nil, fmt.Errorf("read the template of stack %s in account %s: %w", r.Function.Name, r.Function.At.Account, err)
	}
	needed := map[string]bool{}
	for _, arn := range r.granted() {
		needed[arn] = true
	}
	var all []policy.Grant
	for _, arn := range m.granted() {
		if a, ok := policy.ParseARN(arn); ok && !needed[arn] && (a.Service == "ecr" || a.Service == "s3") {
			all = append(all, policy.GrantAt(arn))
		}
	}
	return all, nil
}

// memory is what the template of a function's stack remembers.
type memory struct {
	Resources struct {
		Role struct {
			Metadata map[string][]string `yaml:"Metadata"`
		} `yaml:"Role"`
		Function struct {
			Properties struct {
				Code struct {
					Bucket  string `yaml:"S3Bucket"`
					Key     string `yaml:"S3Key"`
					Version string `yaml:"S3ObjectVersion"`
				} `yaml:"Code"`
			} `yaml:"Properties"`
		} `yaml:"Function"`
	} `yaml:"Resources"`
}

func (m memory) granted() []string { return m.Resources.Role.Metadata[syncstack.MetadataKey] }

// code is where the zip is; empty where there is no stack.
func (m memory) code() syncstack.Code { return syncstack.Code(m.Resources.Function.Properties.Code) }

// recall reads it; nothing of a stack that is not there, or only proposed.
func recall(ctx context.Context, cfg aws.Config, stack string) (m memory, err error) {
	out, err := cloudformation.NewFromConfig(cfg).GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: "Original"})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return m, nil
	}
	if err != nil {
		return m, account.Classify(err)
	}
	if err := yaml.Unmarshal([]byte(aws.ToString(out.TemplateBody)), &m); err != nil {
		return m, fault.New(fault.Internal, "%w", err)
	}
	return m, nil
}
