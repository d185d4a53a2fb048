package template

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Parameter is a parameter as a template declares it.
type Parameter struct {
	Type     string
	Secret   bool // NoEcho: its value is never shown
	Optional bool // it has a default
}

// Parameters are those that the template declares, by name.
func (t *Template) Parameters() map[string]Parameter {
	all := map[string]Parameter{}
	for name, p := range Entries(Child(t.Root, "Parameters")) {
		all[name] = Parameter{
			Type: value(p, "Type"), Secret: strings.EqualFold(value(p, "NoEcho"), "true"), Optional: Child(p, "Default") != nil,
		}
	}
	return all
}

// Names are the keys of a section, sorted.
func (t *Template) Names(section string) []string {
	var all []string
	for name := range Entries(Child(t.Root, section)) {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// IsComplete reports whether the text has every output and resource: no macro,
// include or loop adds to it. SAM adds resources, but no outputs.
func (t *Template) IsComplete() bool {
	for _, name := range t.transforms() {
		if name != "AWS::Serverless-2016-10-31" {
			return false
		}
	}
	text := string(t.Text)
	return !strings.Contains(text, "Fn::ForEach") && !strings.Contains(text, "Fn::Transform") && !strings.Contains(text, "!Transform")
}

// transforms are the names of the macros that the template as a whole goes through.
func (t *Template) transforms() []string {
	var all []string
	n := Child(t.Root, "Transform")
	switch {
	case n == nil:
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			all = append(all, nameOf(item))
		}
	default:
		all = append(all, nameOf(n))
	}
	return all
}

func nameOf(n *yaml.Node) string {
	if s, ok := String(n); ok {
		return s
	}
	return value(n, "Name")
}

func value(n *yaml.Node, key string) string {
	if v := Child(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// dynamic is a reference that CloudFormation resolves when it makes a resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
var dynamic = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}`)

// Unversioned are the dynamic references that name no version, sorted:
// CloudFormation does not notice when what they lead to changes.
func (t *Template) Unversioned() []string {
	var all []string
	for _, m := range dynamic.FindAllSubmatch(t.Text, -1) {
		kind, rest := string(m[1]), string(m[2])
		if kind == "secretsmanager" {
			rest = rest[max(0, strings.Index(rest, ":secret:")+1):] // an ARN has colons of its own
			if fields := strings.Split(strings.TrimPrefix(rest, "secret:"), ":"); len(fields) == 5 && fields[4] != "" {
				continue // a version ID
			}
		} else if i := strings.LastIndex(rest, ":"); i >= 0 && isDigits(rest[i+1:]) {
			continue
		}
		all = append(all, string(m[0]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// ReadsElsewhere reports whether the same text with the same parameters may come
// to something else on another day: parameters that are read from SSM, macros,
// includes, and dynamic references.
func (t *Template) ReadsElsewhere() bool {
	for _, p := range t.Parameters() {
		if strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value") {
			return true
		}
	}
	for _, name := range t.transforms() {
		if name != "AWS::Serverless-2016-10-31" && name != "AWS::LanguageExtensions" {
			return true
		}
	}
	text := string(t.Text)
	return len(t.Unversioned()) > 0 || strings.Contains(text, "Fn::Transform") || strings.Contains(text, "!Transform")
}
