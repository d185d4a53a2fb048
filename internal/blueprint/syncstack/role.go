package syncstack

import (
	"fmt"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// Limits of IAM on a role, in characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	mostInline   = 10240 // all inline policies of a role together
	mostManaged  = 6144  // one managed policy
	mostAttached = 10    // managed policies of a role
)

// own is what the function needs beside copying.
func (f Function) own() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Log", Why: "Writes its own log.", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: []string{f.At.ARN("logs", "log-group:"+logGroup(f.Name)+":*")},
		},
		{
			Sid: "GiveUp", Why: "Puts what it could not do into the queue.", Actions: []string{"sqs:SendMessage"},
			Resources: []string{f.At.ARN("sqs", f.Name+"-undone")},
		},
	}
}

// role is the function's role, with its policy in it. Where that is too long, what
// copying takes is attached in parts; what Lambda itself asks for stays inside, and
// is there when the role is.
func (w *writer) role(f Function) (block, error) {
	properties := m(
		"RoleName", f.Name,
		"Description", "Copies images into account "+f.At.Account,
		"AssumeRolePolicyDocument", document(policy.Statement{
			Principals: map[string][]string{"Service": {"lambda.amazonaws.com"}}, Actions: []string{"sts:AssumeRole"},
			Conditions: policy.Conditions{"StringEquals": {"aws:SourceAccount": {f.At.Account}}},
		}),
	)
	if f.Boundary != "" {
		properties = append(properties, m("PermissionsBoundary", f.Boundary)...)
	}
	inside := append(f.own(), f.Needs...)
	var parts [][]policy.Statement
	if policy.Size(inside) > mostInline {
		inside, parts = f.own(), policy.Split(f.Needs, mostManaged)
	}
	w.explain("$.Resources.Role.Properties.Policies[0]", inside)
	properties = append(properties, m("Policies", []any{m("PolicyName", f.Name, "PolicyDocument", document(inside...))})...)
	var more block
	for i, part := range parts {
		id := fmt.Sprintf("Policy%d", i+1)
		w.explain("$.Resources."+id+".Properties", part)
		more = append(more, m(id, m("Type", "AWS::IAM::ManagedPolicy", "Properties", m(
			"ManagedPolicyName", fmt.Sprintf("%s-%d", f.Name, i+1), "PolicyDocument", document(part...), "Roles", []any{ref("Role")},
		)))...)
	}
	if len(parts) > mostAttached {
		err := fault.New(fault.Invalid, "what the function needs fills %d managed policies, and a role takes %d", len(parts), mostAttached)
		return nil, fault.Hint(err, "name fewer repositories, deal the jobs to several functions, or use one pattern in the place of many names")
	}
	properties = append(properties, m("Tags", tags(f.Tags))...)
	made := m("Type", "AWS::IAM::Role")
	if len(f.Granted) > 0 {
		w.note("$.Resources.Role.Metadata", "What lets the role in; delete sync-function takes it out again.")
		made = append(made, m("Metadata", m(MetadataKey, f.Granted))...)
	}
	return append(m("Role", append(made, m("Properties", properties)...)), more...), nil
}

// explain says before each statement of a policy why it is there.
func (w *writer) explain(path string, all []policy.Statement) {
	for i, s := range all {
		w.note(fmt.Sprintf("%s.PolicyDocument.Statement[%d].Sid", path, i), s.Why)
	}
}
