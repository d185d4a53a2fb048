package prepare

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/goccy/go-yaml"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/blueprint/accountstack"
)

// stale is what an earlier run attached statements to and nobody needs any
// more; the stack's template remembers.
func (p Preparer) stale(ctx context.Context, s policy.Setup) ([]policy.Grant, error) {
	cfg, err := p.Config(ctx, s.Account.Region)
	if err != nil {
		return nil, err
	}
	out, err := cloudformation.NewFromConfig(cfg).GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(Name(p.App.Name)), TemplateStage: "Original"})
	if code(err) == "ValidationError" {
		return nil, nil // there is no such stack, or it is only proposed
	}
	if err != nil {
		return nil, fmt.Errorf("read the template of stack %s in account %s: %w", Name(p.App.Name), s.Account.Name, account.Classify(err))
	}
	was, err := granted(aws.ToString(out.TemplateBody))
	if err != nil {
		return nil, fmt.Errorf("read the template of stack %s in account %s: %w", Name(p.App.Name), s.Account.Name, err)
	}
	needed := map[string]bool{}
	for _, arn := range resources(s.Grants) {
		needed[arn] = true
	}
	var all []policy.Grant
	for _, arn := range was {
		a, ok := policy.ParseARN(arn)
		if ok && !needed[arn] && (a.Service == "s3" || a.Service == "ecr") {
			all = append(all, policy.Grant{Service: a.Service, Resource: arn})
		}
	}
	return all, nil
}

// granted reads what a template remembers.
func granted(template string) ([]string, error) {
	var t struct {
		Resources struct {
			DeployRole struct {
				Metadata map[string]any `yaml:"Metadata"`
			} `yaml:"DeployRole"`
		} `yaml:"Resources"`
	}
	if template == "" {
		return nil, nil
	}
	if err := yaml.Unmarshal([]byte(template), &t); err != nil {
		return nil, err
	}
	switch v := t.Resources.DeployRole.Metadata[accountstack.MetadataKey].(type) {
	case string:
		return []string{v}, nil
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
		return all, nil
	}
	return nil, nil
}
