// Package policies reads the templates and policies that falkirk create and
// falkirk blueprint write, as a reviewer of cloud security does. It knows no AWS:
// it finds what a rule forbids. Every variant of everything that is generated
// goes through it, beside cfn-lint.
package policies

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"falkirk/test/emulators"
)

// Finding is one thing that a rule forbids.
type Finding struct {
	Rule string // its name in Rules
	At   string // path in the document
	Text string
}

// String is the finding on one line.
func (f Finding) String() string { return f.Rule + ": " + f.At + ": " + f.Text }

// Lint fails the test unless cfn-lint finds nothing in a template and it passes
// all rules. Tests of templates that Falkirk writes call this.
func Lint(t testing.TB, template []byte, args ...string) {
	t.Helper()
	Clean(t, template)
	emulators.Lint(t, template, args...)
}

// Clean fails the test unless the template passes all rules.
func Clean(t testing.TB, template []byte) {
	t.Helper()
	found, err := Template(template)
	if err != nil {
		t.Fatalf("read the template: %v\n%s", err, template)
	}
	for _, f := range found {
		t.Errorf("%s", f)
	}
}

// Template finds what the rules forbid in a CloudFormation template. All
// branches of Fn::If are read.
func Template(text []byte) ([]Finding, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &checker{parameters: map[string]any{}}
	parameters, _ := tree["Parameters"].(map[string]any)
	for name, v := range parameters {
		p, _ := v.(map[string]any)
		c.parameters[name] = p["Default"]
	}
	resources, _ := tree["Resources"].(map[string]any)
	for _, id := range sortedKeys(resources) {
		r, _ := resources[id].(map[string]any)
		kind, _ := r["Type"].(string)
		properties, _ := r["Properties"].(map[string]any)
		c.resource("Resources."+id, kind, properties)
		c.walk("Resources."+id, kind, properties)
	}
	return c.found, nil
}

// Document finds what the rules forbid in a policy document as JSON or YAML, or
// in one statement. Kind is the CloudFormation type of what it is attached to.
func Document(kind string, text []byte) ([]Finding, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &checker{}
	c.walk("$", kind, tree)
	return c.found, nil
}

// checker collects findings.
type checker struct {
	found      []Finding
	parameters map[string]any // of the template, with their defaults
}

func (c *checker) add(rule, at, format string, args ...any) {
	c.found = append(c.found, Finding{rule, at, fmt.Sprintf(format, args...)})
}

// walk finds the statements of policies, wherever they are.
func (c *checker) walk(at, kind string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if effect, ok := v["Effect"].(string); ok && (effect == "Allow" || effect == "Deny") {
			c.statement(newStatement(at, kind, v))
			return
		}
		for _, k := range sortedKeys(v) {
			c.walk(at+"."+k, kind, v[k])
		}
	case []any:
		for i, one := range v {
			c.walk(fmt.Sprintf("%s[%d]", at, i), kind, one)
		}
	}
}

// statement is one statement of a policy.
type statement struct {
	at, sid    string
	kind       string // CloudFormation type of what it is attached to
	allow      bool
	trust      bool // says who may take a role
	actions    []string
	resources  []string
	principals map[string][]string // by kind; "*" has the kind "*"
	conditions map[string]map[string][]string
	inverted   []string // NotAction and its like
}

func newStatement(at, kind string, v map[string]any) statement {
	s := statement{
		at: at, kind: kind, allow: v["Effect"] == "Allow", trust: strings.Contains(at, "AssumeRolePolicyDocument"),
		actions: texts(v["Action"]), resources: texts(v["Resource"]), principals: map[string][]string{}, conditions: map[string]map[string][]string{},
	}
	s.sid, _ = v["Sid"].(string)
	switch p := v["Principal"].(type) {
	case string:
		s.principals["*"] = []string{p}
	case map[string]any:
		for k, names := range p {
			s.principals[k] = texts(names)
		}
	}
	all, _ := v["Condition"].(map[string]any)
	for operator, keys := range all {
		s.conditions[operator] = map[string][]string{}
		m, _ := keys.(map[string]any)
		for key, values := range m {
			s.conditions[operator][strings.ToLower(key)] = texts(values)
		}
	}
	for _, k := range []string{"NotAction", "NotResource", "NotPrincipal"} {
		if v[k] != nil {
			s.inverted = append(s.inverted, k)
		}
	}
	return s
}

// requires reports whether a condition that cannot be skipped names one of the
// keys. An operator with IfExists or ForAllValues holds where the key is missing.
func (s statement) requires(keys ...string) bool {
	for operator, all := range s.conditions {
		if strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "ForAllValues:") || operator == "Null" || strings.Contains(operator, "Not") {
			continue
		}
		for key, values := range all {
			if slices.Contains(keys, key) && !slices.Contains(values, "*") && len(values) > 0 {
				return true
			}
		}
	}
	return false
}

// texts are the strings of a value or a list; what is no text, such as a
// reference, is written as it is in the template.
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case bool:
		return []string{fmt.Sprint(v)}
	case []any:
		var out []string
		for _, one := range v {
			out = append(out, texts(one)...)
		}
		return out
	case map[string]any:
		if sub, ok := v["Fn::Sub"].(string); ok {
			return []string{sub}
		}
		if either, ok := v["Fn::If"].([]any); ok && len(either) == 3 {
			return append(texts(either[1]), texts(either[2])...)
		}
		return []string{fmt.Sprint(v)}
	}
	return []string{fmt.Sprint(v)}
}

func sortedKeys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
