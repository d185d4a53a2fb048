package stack

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"falkirk/internal/template"
)

// addMissing adds the folder of the template as the value of a property without
// one, where the AWS CLI does so.
func (s *search) addMissing(p property, properties *yaml.Node, where string) {
	if !p.always || properties == nil || properties.Kind != yaml.MappingNode || s.isElsewhere(p, properties) {
		return
	}
	keys := strings.Split(p.path, ".")
	key := keys[len(keys)-1]
	parent, place := s.parent(properties, keys[:len(keys)-1], where)
	value := template.Child(parent, key)
	if parent == nil || !isEmpty(value) {
		return
	}
	if value == nil {
		value = appendKey(parent, key)
	}
	value.Kind, value.Tag, value.Value, value.Style = yaml.ScalarNode, "!!str", ".", yaml.DoubleQuotedStyle
	s.changed = true
	s.notes = append(s.notes, fmt.Sprintf("%s:%d: %s has no %s: the folder of the template is packed for it, as the AWS CLI does", s.name, parent.Line, place, key))
}

// parent is the mapping at a path, which is made where it is missing; nil where a
// function gives it, because what the function returns is not known.
func (s *search) parent(n *yaml.Node, keys []string, where string) (*yaml.Node, string) {
	for _, key := range keys {
		child := template.Child(n, key)
		where += "." + key
		switch {
		case child == nil:
			child = appendKey(n, key)
			child.Kind, child.Tag = yaml.MappingNode, "!!map"
		case template.IsFunction(child):
			return nil, ""
		case child.Kind != yaml.MappingNode:
			s.problem(child, where, "it is no mapping, and a local file is looked for in it")
			return nil, ""
		}
		n = child
	}
	return n, where
}

// appendKey adds a key to a mapping, and returns its value.
func appendKey(n *yaml.Node, key string) *yaml.Node {
	value := &yaml.Node{Line: n.Line, Column: n.Column}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	return value
}

// isElsewhere reports whether the code of a function is in the template, in an
// image, or that of the section Globals.
func (s *search) isElsewhere(p property, properties *yaml.Node) bool {
	global := template.Child(s.global, "Function")
	if p.kind != "AWS::Serverless::Function" {
		global = nil
	}
	for _, n := range []*yaml.Node{properties, global} {
		packageType, _ := template.String(template.Child(n, "PackageType"))
		if template.Child(n, "InlineCode") != nil || template.Child(n, "ImageUri") != nil || packageType == "Image" {
			return true
		}
	}
	return !isEmpty(template.Child(global, p.path))
}

// isEmpty reports whether there is no value, null, or an empty text.
func isEmpty(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!null" || n.ShortTag() == "!!str" && n.Value == "")
}
