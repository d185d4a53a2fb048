package template

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Patterns of dynamic references, which CloudFormation resolves when it makes a
// resource. What a function fills in is ${...}. A reference without an end may be
// put together somewhere else, so it counts, too.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
var (
	dynamic  = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure|secretsmanager|\$\{[^{}]*\})(?::((?:\$\{[^{}]*\}|[^{}])*))?(?:\}\}|$)`)
	variable = regexp.MustCompile(`\$\{([^{}]*)\}`)
)

// Unversioned are the dynamic references that name no version, sorted:
// CloudFormation does not notice when what they lead to changes. They are found
// in the values of the template, also where Sub and Join put them together.
func (t *Template) Unversioned() []string {
	all := unversioned(t.Root, nil)
	slices.Sort(all)
	return slices.Compact(all)
}

func unversioned(n *yaml.Node, all []string) []string {
	text, rest := rendered(n)
	all = append(all, Unversioned(text)...)
	for _, r := range rest {
		for _, child := range children(r) {
			all = unversioned(child, all)
		}
	}
	return all
}

// Unversioned are the dynamic references in a text that name no version.
func Unversioned(text string) []string {
	var all []string
	for _, m := range dynamic.FindAllStringSubmatch(text, -1) {
		// A version that is filled in is one: a parameter with another value is a change.
		if !hasVersion(m[1], variable.ReplaceAllLiteralString(m[2], "0")) {
			all = append(all, m[0])
		}
	}
	return all
}

func hasVersion(kind, rest string) bool {
	switch kind {
	case "secretsmanager":
		rest = rest[max(0, strings.Index(rest, ":secret:")+1):] // an ARN has colons of its own
		fields := strings.Split(strings.TrimPrefix(rest, "secret:"), ":")
		return len(fields) == 5 && fields[4] != "" // a version ID
	case "ssm", "ssm-secure":
		i := strings.LastIndex(rest, ":")
		return i >= 0 && isDigits(rest[i+1:])
	}
	return false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// unknown is in the place of what only CloudFormation knows.
const unknown = "${...}"

// rendered is the text that a value comes to, with ${...} where it is not known,
// and the values that are not in it.
func rendered(n *yaml.Node) (text string, rest []*yaml.Node) {
	if s, ok := String(n); ok {
		return s, nil
	}
	switch name, arg := function(n); {
	case name == "Ref":
		return "${" + arg.Value + "}", nil
	case name == "Sub" && arg.Kind == yaml.ScalarNode:
		return arg.Value, nil
	case name == "Sub" && arg.Kind == yaml.SequenceNode && len(arg.Content) == 2:
		return substituted(arg.Content[0].Value, arg.Content[1])
	case name == "Join" && arg.Kind == yaml.SequenceNode && len(arg.Content) == 2 && arg.Content[1].Kind == yaml.SequenceNode:
		return joined(arg.Content[0].Value, arg.Content[1].Content)
	}
	return unknown, []*yaml.Node{n}
}

// function is the name of the intrinsic function that a value calls, without its
// prefix, and the argument; "" where it calls none.
func function(n *yaml.Node) (name string, arg *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n.Tag[1:], n
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		if key := n.Content[0].Value; key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return strings.TrimPrefix(key, "Fn::"), n.Content[1]
		}
	}
	return "", nil
}

// IsFunction reports whether a value calls an intrinsic function, in its long or
// short form.
func IsFunction(n *yaml.Node) bool {
	name, _ := function(n)
	return name != ""
}

// substituted is a text of Sub with its own variables filled in.
func substituted(text string, values *yaml.Node) (string, []*yaml.Node) {
	var rest []*yaml.Node
	text = variable.ReplaceAllStringFunc(text, func(v string) string {
		value := Child(values, v[2:len(v)-1])
		if value == nil {
			return v
		}
		s, more := rendered(value)
		rest = append(rest, more...)
		return s
	})
	return text, rest
}

func joined(delimiter string, parts []*yaml.Node) (string, []*yaml.Node) {
	var texts []string
	var rest []*yaml.Node
	for _, part := range parts {
		s, more := rendered(part)
		texts, rest = append(texts, s), append(rest, more...)
	}
	return strings.Join(texts, delimiter), rest
}
