package stack

import (
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// Needs is what the role of an account must be allowed for a stack: to change
// that one stack, to hand CloudFormation its role, and to bring files to it.
// What the template itself makes is CloudFormation's to do, under the role of
// the settings.
func Needs(p delivery.Placement, at policy.Scope) []policy.Statement {
	s, err := read(p.Settings)
	if err != nil || s.Name == "" {
		return nil // told where the block is checked
	}
	change := policy.Statement{
		Sid: "StackChange", Why: "Proposes changes to the stack, makes them, and watches them.",
		Actions: []string{
			"cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents",
			"cloudformation:DescribeStacks", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack",
			"cloudformation:ExecuteChangeSet", "cloudformation:ListChangeSets", "cloudformation:ListStackResources",
			"cloudformation:TagResource", "cloudformation:UntagResource", "cloudformation:UpdateStack",
		},
		Resources: []string{at.Stack(s.Name)},
	}
	drift := policy.Statement{
		Sid: "StackDrift", Why: "Has CloudFormation look for drift, when somebody asks for it.",
		Actions: []string{
			"cloudformation:DescribeStackResourceDrifts", "cloudformation:DetectStackDrift", "cloudformation:DetectStackResourceDrift",
		},
		Resources: []string{at.Stack(s.Name)},
	}
	answer := policy.Statement{
		Sid: "StackDriftAnswer", Why: "Reads what that look has come to; AWS knows no resource for it.",
		Actions: []string{"cloudformation:DescribeStackDriftDetectionStatus"}, Resources: []string{"*"},
	}
	if s.Protect != nil && *s.Protect || s.Protect == nil && p.Protected {
		change.Actions = append(change.Actions, "cloudformation:UpdateTerminationProtection")
	}
	if s.Policy != "" {
		change.Actions = append(change.Actions, "cloudformation:SetStackPolicy")
	}
	all := []policy.Statement{change, drift, answer}
	if s.Role != "" {
		all = append(all, policy.Statement{
			Sid: "StackRole", Why: "Hands CloudFormation the role that it works under, and nobody else.",
			Actions: []string{"iam:PassRole"}, Resources: []string{s.Role},
			Conditions: policy.Conditions{"StringEquals": {"iam:PassedToService": {"cloudformation.amazonaws.com"}}},
		})
	}
	if s.Bucket != "" {
		all = append(append(all, at.ReadNeeds()...), policy.Statement{
			Sid: "StackFiles", Why: "Brings the files that the template names to where CloudFormation reads them.",
			Actions: []string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}, Resources: []string{at.Objects(s.Bucket, s.Prefix)},
		}, policy.Statement{
			Sid: "StackFilesList", Why: "Is told of a file that is not there yet that it is not, and not that nobody may know.",
			Actions: []string{"s3:ListBucket"}, Resources: []string{at.Bucket(s.Bucket)}, Conditions: policy.Prefixed(s.Prefix),
		})
	}
	return all
}
