package template

import (
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
	return !contains(t.Root, func(key string, v *yaml.Node) bool {
		return isTransform(key, v) || strings.HasPrefix(key, "Fn::ForEach::")
	})
}

// isTransform reports whether a value is a macro that is called in one place.
func isTransform(key string, v *yaml.Node) bool {
	return key == "Fn::Transform" || v.Tag == "!Transform"
}

// contains reports whether a value of the tree is what is asked for. The key of
// an item of a list is "".
func contains(n *yaml.Node, is func(key string, v *yaml.Node) bool) bool {
	for key, v := range children(n) {
		if is(key, v) || contains(v, is) {
			return true
		}
	}
	return false
}

// children are the values of a mapping, and the items of a list.
func children(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	if n.Kind == yaml.MappingNode {
		return Entries(n)
	}
	return func(yield func(string, *yaml.Node) bool) {
		for _, item := range n.Content {
			if !yield("", item) {
				return
			}
		}
	}
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

// ReadsElsewhere reports whether the same text with the same parameters may come
// to something else on another day: parameters that are read from SSM, macros,
// includes, dynamic references, modules, and nested templates at an address.
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
	return len(t.Unversioned()) > 0 || contains(t.Root, isTransform) || contains(t.Root, isRemote)
}

// isRemote reports whether a value is a resource whose content is read from
// somewhere else each time: a module, or a nested template that has an address.
func isRemote(_ string, v *yaml.Node) bool {
	kind := value(v, "Type")
	if kind == "AWS::CloudFormation::Stack" {
		url := Child(Child(v, "Properties"), "TemplateURL")
		text, isText := String(url)
		return url != nil && (!isText || strings.Contains(text, "://"))
	}
	return strings.HasSuffix(kind, "::MODULE")
}
