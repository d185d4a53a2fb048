package template

import (
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// statement is one of a policy, as IAM reads it: the order of keys and values
// does not count, nor whether one value is in a list.
type statement struct {
	deny                        bool
	action, resource, principal elements
	conditions                  map[string]string // by operator and key; all of them must hold
	unsure                      bool              // it refers to a parameter that changes
	property                    string            // of the resource that it is in, such as AssumeRolePolicyDocument
}

// elements are the values of Action or, with not, of NotAction, and the like.
type elements struct {
	not bool
	all []string
}

func readStatement(n *yaml.Node) statement {
	s := statement{deny: value(n, "Effect") == "Deny", conditions: map[string]string{}}
	for key, v := range Entries(n) {
		switch e := (elements{strings.HasPrefix(key, "Not"), elementsOf(v, "")}); strings.TrimPrefix(key, "Not") {
		case "Action":
			s.action = e
		case "Resource":
			s.resource = e
		case "Principal":
			s.principal = e
		case "Condition":
			maps.Copy(s.conditions, conditionsOf(v))
		}
	}
	return s
}

// elementsOf are the texts of a value, and functions as they are.
func elementsOf(n *yaml.Node, prefix string) []string {
	var all []string
	name, _ := function(n)
	text, isText := String(n)
	switch {
	case isText:
		all = []string{prefix + text}
	case name == "" && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			all = append(all, elementsOf(c, prefix)...)
		}
	case name == "" && n.Kind == yaml.MappingNode: // of a principal
		for key, v := range Entries(n) {
			all = append(all, elementsOf(v, key+":")...)
		}
	case canonical(n) != noValue:
		all = []string{prefix + canonical(n)}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// noValue is what CloudFormation leaves out.
const noValue = "!Ref AWS::NoValue"

func conditionsOf(n *yaml.Node) map[string]string {
	all := map[string]string{}
	for operator, of := range Entries(n) {
		if name, _ := function(of); name != "" || of.Kind != yaml.MappingNode {
			all[operator] = canonical(of)
			continue
		}
		for key, v := range Entries(of) {
			all[operator+" "+key] = strings.Join(elementsOf(v, ""), " ")
		}
	}
	if n.Kind != yaml.MappingNode {
		all[canonical(n)] = ""
	}
	return all
}

// parts are the elements one by one. Those with not are one, and so are none.
func (e elements) parts() []elements {
	if e.not || len(e.all) == 0 {
		return []elements{e}
	}
	var parts []elements
	for _, v := range e.all {
		parts = append(parts, elements{all: []string{v}})
	}
	return parts
}

// covers reports whether a part is named by the elements, too. It is false where
// that is not sure.
func (e elements) covers(part elements) bool {
	named := func(all []string, y string) bool {
		return slices.ContainsFunc(all, func(x string) bool { return matches(x, y) })
	}
	switch {
	case len(e.all) == 0 || len(part.all) == 0:
		return len(e.all) == len(part.all)
	case !e.not && slices.Contains(e.all, "*"):
		return true
	case !e.not:
		return !part.not && named(e.all, part.all[0])
	case part.not: // what e leaves out, the part leaves out
		return !slices.ContainsFunc(e.all, func(x string) bool { return !named(part.all, x) })
	}
	return !strings.ContainsAny(part.all[0], "*?!$") && !named(e.all, part.all[0]) && !strings.ContainsAny(strings.Join(e.all, ""), "!$")
}

// matches reports whether a pattern of IAM names everything that another one does.
func matches(x, y string) bool {
	if x == y || x == "*" {
		return true
	}
	if strings.ContainsAny(x+y, `[]\?`) { // what path.Match reads otherwise, or is rare
		return false
	}
	flat := strings.NewReplacer("/", "\x01").Replace
	ok, err := path.Match(flat(x), strings.ReplaceAll(flat(y), "*", "\x02"))
	return ok && err == nil
}

// lowered is for actions, whose case does not count.
func (e elements) lowered() elements {
	out := elements{not: e.not}
	for _, v := range e.all {
		if !strings.HasPrefix(v, "!") {
			v = strings.ToLower(v)
		}
		out.all = append(out.all, v)
	}
	return out
}

// missing is what a statement names that none of the others does; "" where that
// is nothing.
func (s statement) missing(others []statement) string {
	rest := s
	rest.action, rest.resource, rest.principal = elements{}, elements{}, elements{}
	found := false
	for _, a := range s.action.parts() {
		for _, r := range s.resource.parts() {
			for _, p := range s.principal.parts() {
				part := s
				part.action, part.resource, part.principal = a, r, p
				if slices.ContainsFunc(others, func(o statement) bool { return o.covers(part) }) {
					continue
				}
				found = true
				rest.action, rest.resource, rest.principal = rest.action.with(a), rest.resource.with(r), rest.principal.with(p)
			}
		}
	}
	if !found {
		return ""
	}
	return rest.String()
}

func (e elements) with(part elements) elements {
	e.not = part.not
	e.all = union(e.all, part.all)
	return e
}

// covers reports whether everything that a part says is said by s, too.
func (s statement) covers(part statement) bool {
	if s.deny != part.deny || s.property != part.property || s.unsure || part.unsure {
		return false
	}
	for key, v := range s.conditions {
		if other, ok := part.conditions[key]; !ok || other != v {
			return false
		}
	}
	return s.action.lowered().covers(part.action.lowered()) && s.resource.covers(part.resource) && s.principal.covers(part.principal)
}

// String is for people: actions, resources, principals and keys of conditions.
func (s statement) String() string {
	text := s.action.String()
	if len(s.resource.all) > 0 {
		text += " on " + s.resource.String()
	}
	if len(s.principal.all) > 0 {
		text += " to " + s.principal.String()
	}
	if len(s.conditions) > 0 {
		text += " if " + strings.Join(slices.Sorted(maps.Keys(s.conditions)), " and ")
	}
	return text
}

func (e elements) String() string {
	text := strings.Join(e.all, " ")
	if e.not {
		return "all but " + text
	}
	return text
}
