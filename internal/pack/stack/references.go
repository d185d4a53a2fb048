package stack

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// property is a property that may name a local file.
type property struct {
	kind   string // of the resource
	path   string // below Properties
	form   delivery.Form
	zip    bool // a single file is packed as an archive, too
	nested bool // it is a template
}

// properties are those that `aws cloudformation package` looks at.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
func properties() []property {
	return []property{
		{kind: "AWS::ApiGateway::RestApi", path: "BodyS3Location", form: delivery.FormBucket},
		{kind: "AWS::Lambda::Function", path: "Code", form: delivery.FormS3Bucket, zip: true},
		{kind: "AWS::Lambda::LayerVersion", path: "Content", form: delivery.FormS3Bucket, zip: true},
		{kind: "AWS::Serverless::Function", path: "CodeUri", form: delivery.FormURI, zip: true},
		{kind: "AWS::Serverless::LayerVersion", path: "ContentUri", form: delivery.FormURI, zip: true},
		{kind: "AWS::Serverless::GraphQLApi", path: "SchemaUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::GraphQLApi", path: "CodeUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::Api", path: "DefinitionUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::HttpApi", path: "DefinitionUri", form: delivery.FormURI},
		{kind: "AWS::Serverless::StateMachine", path: "DefinitionUri", form: delivery.FormURI},
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
		{kind: "AWS::CodeCommit::Repository", path: "Code.S3", form: delivery.FormBucket, zip: true},
		{kind: "AWS::ElasticBeanstalk::ApplicationVersion", path: "SourceBundle", form: delivery.FormS3Bucket},
		{kind: "AWS::Glue::Job", path: "Command.ScriptLocation", form: delivery.FormURI},
		{kind: "AWS::StepFunctions::StateMachine", path: "DefinitionS3Location", form: delivery.FormBucket},
		{kind: "AWS::ServerlessRepo::Application", path: "ReadmeUrl", form: delivery.FormURI},
		{kind: "AWS::ServerlessRepo::Application", path: "LicenseUrl", form: delivery.FormURI},
	}
}

// found is a local path in a template.
type found struct {
	property
	where          string
	path           string
	offset, length int
	line, column   int
}

// references finds the local paths in a template.
func references(name string, text []byte) ([]found, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fault.New(fault.Invalid, "%s is not a template: it has %d documents", name, len(file.Docs))
	}
	resources := child(file.Docs[0].Body, "Resources")
	if resources == nil {
		return nil, fault.New(fault.Invalid, "%s is not a template: it has no Resources", name)
	}
	s := &search{name: name, text: text}
	for id, r := range entries(resources) {
		kind, _ := scalar(child(r, "Type"))
		for _, p := range properties() {
			if p.kind == kind {
				s.look(p, child(r, "Properties"), "Resources."+id+".Properties")
			}
		}
	}
	s.includes(file.Docs[0].Body, "", 0)
	return s.all, errors.Join(s.problems...)
}

func unreadable(name string, err error) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil {
		at := syntax.GetToken().Position
		return fault.New(fault.Invalid, "%s:%d:%d: %s", name, at.Line, at.Column, syntax.GetMessage())
	}
	return fault.New(fault.Invalid, "%s cannot be read: %w", name, err)
}

// search gathers what is found.
type search struct {
	name     string
	text     []byte
	all      []found
	problems []error
}

// look follows a property's path to a local one.
func (s *search) look(p property, n ast.Node, where string) {
	for key := range strings.SplitSeq(p.path, ".") {
		n, where = child(n, key), where+"."+key
	}
	path, tk := scalar(n)
	if tk == nil || !isLocal(path) {
		return
	}
	f := found{property: p, where: where, path: path, line: tk.Position.Line, column: tk.Position.Column}
	if err := s.place(&f, tk); err != nil {
		s.problems = append(s.problems, err)
		return
	}
	s.all = append(s.all, f)
}

// place finds where a scalar is written, in bytes.
func (s *search) place(f *found, tk *token.Token) error {
	line := 1
	for at := range s.text {
		if line == f.line {
			f.offset = at
			break
		}
		if s.text[at] == '\n' {
			line++
		}
	}
	for range f.column - 1 {
		_, n := utf8.DecodeRune(s.text[f.offset:])
		f.offset += n
	}
	rest := string(s.text[f.offset:])
	written := tk.Value
	if q := rest[:1]; q == `"` || q == `'` {
		written = q + tk.Value + q
	}
	if !strings.HasPrefix(rest, written) {
		return fault.New(fault.Invalid, "%s:%d:%d: %s: the path is not written plainly; write it on one line, without escapes", s.name, f.line, f.column, f.where)
	}
	f.length = len(written)
	return nil
}

// deepestNode bounds the walk for includes.
const deepestNode = 100

// includes finds the files of AWS::Include, which may stand anywhere.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
func (s *search) includes(n ast.Node, where string, depth int) {
	if depth > deepestNode {
		return
	}
	if t, ok := n.(*ast.TagNode); ok {
		n = t.Value
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		for i, item := range list.Values {
			s.includes(item, fmt.Sprintf("%s[%d]", where, i), depth+1)
		}
		return
	}
	for key, v := range entries(n) {
		below := strings.TrimPrefix(where+"."+key, ".")
		if name, _ := scalar(child(v, "Name")); key == "Fn::Transform" && name == "AWS::Include" {
			s.look(property{path: "Parameters.Location", form: delivery.FormURI}, v, below)
		}
		s.includes(v, below, depth+1)
	}
}

// scalar is the text of a plain scalar and its token; no token for all else.
func scalar(n ast.Node) (string, *token.Token) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return "", nil
	}
	return s.Value, s.Token
}

func child(n ast.Node, key string) ast.Node {
	for k, v := range entries(n) {
		if k == key {
			return v
		}
	}
	return nil
}

// entries are the keys of a mapping with their values.
func entries(n ast.Node) func(yield func(string, ast.Node) bool) {
	return func(yield func(string, ast.Node) bool) {
		var values []*ast.MappingValueNode
		switch m := n.(type) {
		case *ast.MappingNode:
			values = m.Values
		case *ast.MappingValueNode:
			values = []*ast.MappingValueNode{m}
		}
		for _, v := range values {
			key := v.Key.GetToken().Value
			if !yield(key, v.Value) {
				return
			}
		}
	}
}
