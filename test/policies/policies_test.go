package policies

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// template is one that passes: a role, a bucket with its policy, a repository
// and a function.
const template = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
            Condition: {StringEquals: {"aws:SourceAccount": "111111111111"}}
      Policies:
        - PolicyDocument:
            Statement:
              - {Sid: Login, Effect: Allow, Action: ecr:GetAuthorizationToken, Resource: "*"}
              - {Sid: Write, Effect: Allow, Action: "s3:PutObject", Resource: "arn:aws:s3:::shop/web/*"}
              - Sid: Key
                Effect: Allow
                Action: ["kms:CreateGrant"]
                Resource: arn:aws:kms:eu-west-1:111111111111:key/1
                Condition: {StringEquals: {"kms:ViaService": ecr.eu-west-1.amazonaws.com}, Bool: {"kms:GrantIsForAWSResource": "true"}}
              - Sid: Pass
                Effect: Allow
                Action: iam:PassRole
                Resource: arn:aws:iam::111111111111:role/stacks
                Condition: {StringEquals: {"iam:PassedToService": cloudformation.amazonaws.com}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption: {ServerSideEncryptionConfiguration: []}
      VersioningConfiguration: {Status: Enabled}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: "s3:*"
            Resource: [!GetAtt Bucket.Arn, !Sub "${Bucket.Arn}/*"]
            Condition: {Bool: {"aws:SecureTransport": "false"}}
          - !If
            - HasReaders
            - Sid: Read
              Effect: Allow
              Principal: {AWS: "arn:aws:iam::333333333333:root"}
              Action: "s3:GetObject"
              Resource: !Sub "${Bucket.Arn}/*"
              Condition: {ArnEquals: {"aws:PrincipalArn": "arn:aws:iam::333333333333:role/reader"}}
            - !Ref AWS::NoValue
  Repository:
    Type: AWS::ECR::Repository
    Properties: {ImageTagMutability: IMMUTABLE, ImageScanningConfiguration: {ScanOnPush: true}}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Bucket: b, S3Key: k, S3ObjectVersion: v}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Principal: events.amazonaws.com, SourceArn: !GetAtt Rule.Arn}
`

func TestTheExampleIsClean(t *testing.T) {
	t.Parallel()
	Clean(t, []byte(template))
}

// Each rule finds what it is for: one change of the example, one finding.
func TestEveryRuleFinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, one := range []struct{ rule, old, new string }{
		{"action", `Action: "s3:PutObject"`, `Action: "s3:Put*"`},
		{"action", "Action: ecr:GetAuthorizationToken, Resource: \"*\"", "Action: \"*\", Resource: \"arn:aws:s3:::shop/web/*\""},
		{"resource", "ecr:GetAuthorizationToken", "ecr:DescribeImages"},
		{"resource", "arn:aws:s3:::shop/web/*", "arn:aws:s3:::*"},
		{"resource", "arn:aws:s3:::shop/web/*", "arn:aws:s3:::*/web/*"},
		{"resource", `"s3:PutObject", Resource: "arn:aws:s3:::shop/web/*"`, `"ecr:PutImage", Resource: "arn:aws:ecr:eu-west-1:111111111111:repository/*"`},
		{"resource", "arn:aws:iam::111111111111:role/stacks", "arn:aws:iam::*:role/stacks"},
		{"resource", "arn:aws:kms:eu-west-1:111111111111:key/1", "arn:aws:kms:eu-west-1:111111111111:key/*"},
		{"resource", "arn:aws:kms:eu-west-1:111111111111:key/1", "arn:aws:kms:*:111111111111:key/1"},
		{"resource", `, Resource: "arn:aws:s3:::shop/web/*"`, ""},
		{"inverted", `Action: "s3:PutObject"`, `NotAction: "s3:GetObject"`},
		{"public", `{AWS: "arn:aws:iam::333333333333:root"}`, `"*"`},
		{"public", `{AWS: "arn:aws:iam::333333333333:root"}`, `{AWS: "*"}`},
		{"account", "ArnEquals", "ArnEqualsIfExists"},
		{"account", `"aws:PrincipalArn": "arn:aws:iam::333333333333:role/reader"`, `"aws:PrincipalArn": "*"`},
		{"deputy", `StringEquals: {"aws:SourceAccount": "111111111111"}`, `StringEqualsIfExists: {"aws:SourceAccount": "111111111111"}`},
		{"deputy", `"aws:SourceAccount": "111111111111"`, `"aws:PrincipalTag/a": "b"`},
		{"deputy", ", SourceArn: !GetAtt Rule.Arn", ""},
		{"grant", `, Bool: {"kms:GrantIsForAWSResource": "true"}`, ""},
		{"grant", `"kms:GrantIsForAWSResource": "true"`, `"kms:GrantIsForAWSResource": "false"`},
		{"grant", `"kms:ViaService"`, `"kms:CallerAccount"`},
		{"grant", `"iam:PassedToService"`, `"iam:AssociatedResourceArn"`},
		{"privileged", `Action: "s3:PutObject"`, `Action: "iam:PutRolePolicy"`},
		{"privileged", `Action: "s3:PutObject"`, `Action: "s3:PutBucketPolicy"`},
		{"tls", `{Bool: {"aws:SecureTransport": "false"}}`, `{Bool: {"aws:SecureTransport": "true"}}`},
		{"bucket", "BucketEncryption: {ServerSideEncryptionConfiguration: []}", "Tags: []"},
		{"bucket", "{Status: Enabled}", "{Status: Suspended}"},
		{"bucket", "IgnorePublicAcls: true", "IgnorePublicAcls: false"},
		{"repository", "ImageTagMutability: IMMUTABLE", "ImageTagMutability: MUTABLE"},
		{"repository", "ImageTagMutability: IMMUTABLE, ", ""},
		{"repository", "ScanOnPush: true", "ScanOnPush: false"},
		{"code", ", S3ObjectVersion: v", ""},
	} {
		seen[one.rule] = true
		spoiled := strings.Replace(template, one.old, one.new, 1)
		found, err := Template([]byte(spoiled))
		if spoiled == template || err != nil || len(found) != 1 || found[0].Rule != one.rule {
			t.Errorf("%s: %q in place of %q: %v, %v", one.rule, one.new, one.old, found, err)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(Rules())) {
		if !seen[rule] {
			t.Errorf("nothing shows that rule %s finds anything", rule)
		}
	}
}

// No test of a template asks cfn-lint alone.
func TestEveryTemplateIsReviewed(t *testing.T) {
	t.Parallel()
	reviewed := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.Contains(path, "test/policies") || strings.Contains(path, "test/emulators") {
			return err
		}
		raw, err := os.ReadFile(path)
		if strings.Contains(string(raw), "cloud.Lint"+"(") {
			t.Errorf("%s: call policies.Lint in place of cloud.Lint", path)
		}
		reviewed += strings.Count(string(raw), "policies.Lint(")
		return err
	})
	if err != nil || reviewed < 5 {
		t.Errorf("%d calls of policies.Lint: %v", reviewed, err)
	}
}
