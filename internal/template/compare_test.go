package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/template"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	const old = `Resources:
  Same: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${Stage}-q"}}
  Gone: {Type: AWS::SQS::Queue}
  Name: {Type: AWS::SQS::Queue, Properties: {QueueName: a, DelaySeconds: 1}}
  Ref: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay, Tags: [{Key: a, Value: {Ref: Delay}}]}}
  Other: {Type: AWS::SQS::Queue}
  Code: {Type: AWS::Lambda::Function, Properties: {Code: fn}}
  Role: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: s3:GetObject, Resource: b}]}}}
`
	const now = `# written otherwise
Resources:
  Role: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: [s3:GetObject, "s3:*"], Resource: b}]}}}
  Same:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub '${Stage}-q'
  Name: {Type: AWS::SQS::Queue, Properties: {QueueName: b, DelaySeconds: 1}, DeletionPolicy: Retain}
  Ref: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay, Tags: [{Key: a, Value: {Ref: Delay}}]}}
  Other: {Type: AWS::SNS::Topic}
  Code: {Type: AWS::Lambda::Function, Properties: {Code: fn}}
  New: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [!Ref P, arn:x]}}
`
	a, err := template.Parse("old", []byte(old))
	if err != nil {
		t.Fatal(err)
	}
	b, err := template.Parse("now", []byte(now))
	if err != nil {
		t.Fatal(err)
	}
	want := []template.Change{
		{ID: "Code", Type: "AWS::Lambda::Function", Properties: []string{"Code"}},
		{ID: "Gone", Type: "AWS::SQS::Queue", Removed: true},
		{ID: "Name", Type: "AWS::SQS::Queue", Properties: []string{"DeletionPolicy", "QueueName"}},
		{ID: "New", Type: "AWS::IAM::Role", Added: true, Grants: []string{"!Ref P", "arn:x"}},
		{ID: "Other", Type: "AWS::SNS::Topic", Was: "AWS::SQS::Queue", Properties: []string{"Type"}},
		{ID: "Ref", Type: "AWS::SQS::Queue", Properties: []string{"DelaySeconds", "Tags"}},
		{ID: "Role", Type: "AWS::IAM::Policy", Properties: []string{"PolicyDocument"}, Grants: []string{"s3:* on b"}},
	}
	got := template.Compare(a, b, []string{"Delay"}, func(where string) bool { return where == "Resources.Code.Properties.Code" }, isIAM)
	for i := range got {
		if len(got[i].Grants) == 0 {
			got[i].Grants = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if same := template.Compare(b, b, nil, func(string) bool { return false }, isIAM); len(same) > 0 {
		t.Errorf("a template differs from itself: %+v", same)
	}
}

func isIAM(kind string) bool {
	return strings.HasPrefix(kind, "AWS::IAM::") || strings.HasSuffix(kind, "::Permission")
}
