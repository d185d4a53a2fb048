package stack

import (
	"testing"

	"falkirk/internal/template"
)

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
