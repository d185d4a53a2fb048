package template_test

import (
	"slices"
	"testing"

	"falkirk/internal/template"
)

func TestUnversionedReferences(t *testing.T) {
	t.Parallel()
	for ref, versioned := range map[string]bool{
		"{{resolve:ssm:/a/b}}": false, "{{resolve:ssm:/a/b:3}}": true, "{{resolve:ssm-secure:/a/b}}": false, "{{resolve:ssm-secure:/a/b:12}}": true,
		"{{resolve:secretsmanager:db}}": false, "{{resolve:secretsmanager:db:SecretString:password}}": false,
		"{{resolve:secretsmanager:db:SecretString:password:AWSCURRENT}}": false, "{{resolve:secretsmanager:db:SecretString:password::v1}}": true,
		"{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3}}":                           false,
		"{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3:SecretString:password::v1}}": true,
		"{{resolve:other:x}}": true,
	} {
		tpl, err := template.Parse("t", []byte("Resources: {A: {Type: T, P: \"x "+ref+" y\"}}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := tpl.Unversioned(); slices.Contains(got, ref) == versioned || tpl.ReadsElsewhere() == versioned {
			t.Errorf("%s: %v, reads %t", ref, got, tpl.ReadsElsewhere())
		}
	}
}

func TestReadsElsewhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Resources: {}": false,
		"Transform: AWS::Serverless-2016-10-31\nResources: {}":                                                                        false,
		"Transform: [AWS::LanguageExtensions]\nResources: {}":                                                                         false,
		"Transform: [AWS::Serverless-2016-10-31, Mine]\nResources: {}":                                                                true,
		"Transform: {Name: AWS::Include}\nResources: {}":                                                                              true,
		"Resources: {A: {Fn::Transform: {Name: M}}}":                                                                                  true,
		"Resources: {A: !Transform {Name: M}}":                                                                                        true,
		"# Fn::Transform\nResources: {}":                                                                                              false,
		"{\"Resources\": {\"A\": {\"Fn::Tr\\u0061nsform\": {\"Name\": \"M\"}}}}":                                                      true,
		"Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: in.yaml}}}":                                      false,
		"Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://b/in.yaml'}}}":                          true,
		"Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: !Sub 'https://${B}/in.yaml'}}}":                  true,
		"Resources: {Fn::ForEach::L: [x, [a], {'A${x}': {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 's3://b/k'}}}]}": true,
		"Resources: {A: {Type: My::S3::Bucket::MODULE}}":                                                                              true,
		"Parameters: {P: {Type: String}}\nResources: {}":                                                                              false,
		"Parameters: {P: {Type: AWS::SSM::Parameter::Value<String>}}\nResources: {}":                                                  true,
		"Parameters: {P: {Type: 'AWS::SSM::Parameter::Value<List<AWS::EC2::Image::Id>>'}}\nResources: {}":                             true,
	} {
		tpl, err := template.Parse("t", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if tpl.ReadsElsewhere() != want {
			t.Errorf("%s: want %t", text, want)
		}
	}
}
