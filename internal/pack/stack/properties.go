package stack

import (
	"fmt"

	"falkirk/internal/delivery"
)

// property is a property that may name a local file.
type property struct {
	kind   string // of the resource
	path   string // below Properties
	form   delivery.Form
	key    string // of the version, where the form is an object and has one
	zip    bool   // a single file is packed as an archive, too
	nested bool   // it is a template
	single bool   // it is a file and no folder
	always bool   // without it the folder of the template is packed
}

// Keys of the version of an object.
const (
	keyVersion         = "Version"
	keyObjectVersion   = "ObjectVersion"
	keyS3ObjectVersion = "S3ObjectVersion"
)

// properties are those that `aws cloudformation package` looks at, and some more
// that CloudFormation reads from S3 in the same way.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
func properties() []property {
	return []property{
		{kind: "AWS::ApiGateway::RestApi", path: "BodyS3Location", form: delivery.FormBucket, key: keyVersion},
		{kind: "AWS::Lambda::Function", path: "Code", form: delivery.FormS3Bucket, key: keyS3ObjectVersion, zip: true, always: true},
		{kind: "AWS::Lambda::LayerVersion", path: "Content", form: delivery.FormS3Bucket, key: keyS3ObjectVersion, zip: true, always: true},
		{kind: "AWS::Serverless::Function", path: "CodeUri", form: delivery.FormURI, zip: true, always: true},
		{kind: "AWS::Serverless::LayerVersion", path: "ContentUri", form: delivery.FormURI, zip: true, always: true},
		{kind: "AWS::Serverless::GraphQLApi", path: "SchemaUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::GraphQLApi", path: "CodeUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::Api", path: "DefinitionUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::HttpApi", path: "DefinitionUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::StateMachine", path: "DefinitionUri", form: delivery.FormBucket, key: keyVersion},
		{kind: "AWS::Serverless::Application", path: "Location", form: delivery.FormURL, nested: true},
		{kind: "AWS::AppSync::GraphQLSchema", path: "DefinitionS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::Resolver", path: "RequestMappingTemplateS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::Resolver", path: "ResponseMappingTemplateS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::Resolver", path: "CodeS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::FunctionConfiguration", path: "RequestMappingTemplateS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::FunctionConfiguration", path: "ResponseMappingTemplateS3Location", form: delivery.FormURI},
		{kind: "AWS::AppSync::FunctionConfiguration", path: "CodeS3Location", form: delivery.FormURI},
		{kind: "AWS::CloudFormation::Stack", path: "TemplateURL", form: delivery.FormURL, nested: true},
		{kind: "AWS::CloudFormation::StackSet", path: "TemplateURL", form: delivery.FormURL, nested: true},
		{kind: "AWS::CloudFormation::ModuleVersion", path: "ModulePackage", form: delivery.FormURI},
		{kind: "AWS::CloudFormation::ResourceVersion", path: "SchemaHandlerPackage", form: delivery.FormURI},
		{kind: "AWS::CodeCommit::Repository", path: "Code.S3", form: delivery.FormBucket, key: keyObjectVersion, zip: true},
		{kind: "AWS::ElasticBeanstalk::ApplicationVersion", path: "SourceBundle", form: delivery.FormS3Bucket, always: true},
		{kind: "AWS::Glue::Job", path: "Command.ScriptLocation", form: delivery.FormURI, always: true},
		{kind: "AWS::StepFunctions::StateMachine", path: "DefinitionS3Location", form: delivery.FormBucket, key: keyVersion},
	}
}

// globals are the properties that SAM takes from the section Globals, where a
// resource does not say otherwise.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
func globals() []property {
	return []property{
		{kind: "Function", path: "CodeUri", form: delivery.FormURI, zip: true},
		{kind: "Api", path: "DefinitionUri", form: delivery.FormURI},
		{kind: "StateMachine", path: "DefinitionUri", form: delivery.FormBucket, key: keyVersion},
	}
}

// metadata are the properties of an application in the AWS Serverless
// Application Repository.
func metadata() []property {
	return []property{
		{kind: "AWS::ServerlessRepo::Application", path: "ReadmeUrl", form: delivery.FormURI},
		{kind: "AWS::ServerlessRepo::Application", path: "LicenseUrl", form: delivery.FormURI},
	}
}

// keys are those of the bucket and the key, where the form is an object.
func (p property) keys() (bucket, key string, ok bool) {
	switch p.form {
	case delivery.FormS3Bucket:
		return "S3Bucket", "S3Key", true
	case delivery.FormBucket:
		return "Bucket", "Key", true
	}
	return "", "", false
}

// sample is the shape of what is put in the place of a path.
func (p property) sample() string {
	if bucket, key, ok := p.keys(); ok {
		return fmt.Sprintf(`{%q: "sample-bucket", %q: "sample/key"}`, bucket, key)
	}
	return `"https://sample-bucket/sample/key"`
}
