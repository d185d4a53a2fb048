package stack

import (
	"slices"
	"testing"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/template"
)

// A change set does not say what is allowed; the templates do.
func TestLinesOfAChangeSet(t *testing.T) {
	t.Parallel()
	set := cfn.ChangeSet{Changes: []cfn.Change{
		{Action: cfn.Modify, LogicalID: "P", Type: "AWS::IAM::Policy", IAM: true}, {Action: cfn.Modify, LogicalID: "K", Type: "AWS::KMS::Key"}, {Action: cfn.Add, LogicalID: "Q", Type: "AWS::SQS::Queue"},
	}}
	got := linesOf(set, []template.Change{{ID: "P", Grants: []string{"s3:* on *"}}, {ID: "K", Grants: []string{"kms:* to *"}}, {ID: "Q"}})
	want := []string{"~ P (AWS::IAM::Policy) [IAM] GRANTS s3:* on *", "~ K (AWS::KMS::Key) [IAM] GRANTS kms:* to *", "+ Q (AWS::SQS::Queue)"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Replacements and wider permissions stand out.
func TestLinesOfChanges(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]template.Change{
		"+ Q (AWS::SQS::Queue)":                                                 {ID: "Q", Type: "AWS::SQS::Queue", Added: true},
		"- Q (AWS::SQS::Queue)":                                                 {ID: "Q", Type: "AWS::SQS::Queue", Removed: true},
		"~ Q (AWS::SQS::Queue): DelaySeconds":                                   {ID: "Q", Type: "AWS::SQS::Queue", Properties: []string{"DelaySeconds"}},
		"±? Q (AWS::SQS::Queue) may be REPLACED: QueueName":                     {ID: "Q", Type: "AWS::SQS::Queue", Properties: []string{"QueueName"}},
		"± Q (AWS::SNS::Topic) is REPLACED: it was AWS::SQS::Queue: Type":       {ID: "Q", Type: "AWS::SNS::Topic", Was: "AWS::SQS::Queue", Properties: []string{"Type"}},
		"~ P (AWS::IAM::Policy): PolicyDocument [IAM] GRANTS s3:*":              {ID: "P", Type: "AWS::IAM::Policy", Properties: []string{"PolicyDocument"}, Grants: []string{"s3:*"}},
		"~ F (AWS::Serverless::Function): Policies [IAM] GRANTS dynamodb:Query": {ID: "F", Type: "AWS::Serverless::Function", Properties: []string{"Policies"}, Grants: []string{"dynamodb:Query"}},
	} {
		if got := lineFor(c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
