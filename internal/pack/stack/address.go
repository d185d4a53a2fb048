package stack

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// scheme is the beginning of an address. Everything else is a local path.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// address checks an address in the place of a local path. Where CloudFormation
// wants an object, s3:// becomes one, as the AWS CLI writes it.
func (s *search) address(p property, n *yaml.Node, where, text string) {
	if p.nested && isAddressOfTemplate(text) {
		return
	}
	o, ok := readObject(text)
	if !ok {
		s.problem(n, where, fmt.Sprintf("%q is not the address of an object that CloudFormation reads here; write s3://BUCKET/KEY, or a path", text))
		return
	}
	bucket, key, isObject := p.keys()
	if !isObject {
		return
	}
	if o.left != "" || o.version != "" && p.key == "" {
		s.notes = append(s.notes, fmt.Sprintf("%s:%d: %s: of %q only the bucket %s and the key %s are used, as the AWS CLI does; %s",
			s.name, n.Line, where, text, o.bucket, o.key, "write an object with the keys that the property has"))
	}
	content := []*yaml.Node{textNode(bucket), textNode(o.bucket), textNode(key), textNode(o.key)}
	if o.version != "" && p.key != "" {
		content = append(content, textNode(p.key), textNode(o.version))
	}
	*n = yaml.Node{
		Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle, Content: content, Line: n.Line, Column: n.Column,
		HeadComment: n.HeadComment, LineComment: n.LineComment, FootComment: n.FootComment,
	}
	s.changed = true
}

func textNode(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: text}
}

// isAddressOfTemplate reports whether an address may be that of a nested template.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html
func isAddressOfTemplate(text string) bool {
	for _, prefix := range []string{"https://", "http://", "ssm-doc://"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

// object is what an s3:// address says.
type object struct {
	bucket, key, version string
	left                 string // what is not used
}

// readObject reads an address as the AWS CLI does: the key ends at ';', '?' or
// '#', nothing is unescaped in it, and a query may have one versionId.
func readObject(text string) (o object, ok bool) {
	text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	rest, ok := strings.CutPrefix(text, "s3://")
	if !ok {
		return o, false
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	o.bucket, o.key, ok = strings.Cut(rest, "/")
	last := strings.LastIndex(o.key, "/") + 1
	name, parameters, _ := strings.Cut(o.key[last:], ";")
	o.key = strings.TrimLeft(o.key[:last]+name, "/")
	values, _ := url.ParseQuery(query) // what cannot be read is left out
	if all := values["versionId"]; len(all) == 1 {
		o.version = all[0]
		query = ""
	}
	o.left = fragment + parameters + query
	return o, ok && o.bucket != ""
}
