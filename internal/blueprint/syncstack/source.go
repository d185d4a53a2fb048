package syncstack

import (
	"fmt"

	"falkirk/internal/aws/policy"
)

// Source is what the stack of an account is made from that images come from: it
// tells the function's account of pushes, and lets nobody in.
type Source struct {
	Name   string       // of the function
	At     policy.Scope // of the registry
	Bus    string       // ARN, in the function's account
	Pushes []Push       // to this registry
	Tags   map[string]string
}

// tellerName is the name of the role that sends the events of a region.
func tellerName(function, region string) string { return function + "-tells-" + region }

// SourceTemplate writes it.
func SourceTemplate(s Source) ([]byte, error) {
	w := &writer{comments: comments{}}
	role := tellerName(s.Name, s.At.Region)
	resources := m("Role", m("Type", "AWS::IAM::Role", "Properties", m(
		"RoleName", role,
		"Description", "Tells another account of pushes to ECR",
		"AssumeRolePolicyDocument", document(policy.Statement{
			Principals: map[string][]string{"Service": {"events.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
			Conditions: policy.Conditions{"StringEquals": {"aws:SourceAccount": {s.At.Account}}},
		}),
		"Policies", []any{m("PolicyName", role, "PolicyDocument", document(policy.Statement{
			Sid: "Tell", Actions: []string{"events:PutEvents"}, Resources: []string{s.Bus},
		}))},
		"Tags", tags(s.Tags),
	)))
	n := 0
	for _, p := range s.Pushes {
		for _, names := range split(p.Repositories) {
			p.Repositories = names
			n++
			resources = append(resources, m(fmt.Sprintf("Push%d", n), m("Type", "AWS::Events::Rule", "Properties", m(
				"Description", "Tells another account of pushes to ECR",
				"EventPattern", generic(p.pattern()),
				"State", "ENABLED",
				"Targets", []any{m(
					"Id", "bus", "Arn", s.Bus, "RoleArn", attribute("Role", "Arn"),
					"RetryPolicy", m("MaximumRetryAttempts", 10, "MaximumEventAgeInSeconds", 3600),
				)},
			)))...)
		}
	}
	return w.write("Tells of pushes to ECR (falkirk create sync-function)", resources, nil)
}
