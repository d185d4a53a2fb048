package template

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Change is what differs in one resource between two templates.
type Change struct {
	ID, Type   string
	Was        string   // the type before, where it is another
	Added      bool     // only in the new template
	Removed    bool     // only in the old one
	Properties []string // that differ, sorted
	Grants     []string // what may be allowed that was not before, sorted
}

// Compare lists the resources that differ, by ID. A value differs, too, where it
// refers to one of the named parameters; changed tells of a property's path
// whether a file in it differs, access whether a type of resource is about who
// may do what.
func Compare(old, now *Template, parameters []string, changed func(where string) bool, access func(kind string) bool) []Change {
	var all []Change
	before, after := Child(old.Root, "Resources"), Child(now.Root, "Resources")
	unsure := slices.Concat(parameters, changedConditions(old, now, parameters))
	for _, id := range union(old.Names("Resources"), now.Names("Resources")) {
		a, b := Child(before, id), Child(after, id)
		c := Change{ID: id, Type: value(b, "Type"), Added: a == nil, Removed: b == nil}
		if b == nil {
			c.Type = value(a, "Type")
		} else if a != nil && value(a, "Type") != c.Type {
			c.Was = value(a, "Type")
		}
		if a != nil && b != nil {
			c.Properties = differing(a, b, "Resources."+id, parameters, changed)
		}
		c.Grants = grantsOf(a, b, access(c.Type), unsure)
		if c.Added || c.Removed || c.Was != "" || len(c.Properties) > 0 || len(c.Grants) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// differing are the properties that differ, and the other attributes.
func differing(a, b *yaml.Node, where string, parameters []string, changed func(string) bool) []string {
	var all []string
	for _, key := range union(keys(a), keys(b)) {
		if key == "Properties" {
			pa, pb := Child(a, key), Child(b, key)
			for _, p := range union(keys(pa), keys(pb)) {
				if differs(Child(pa, p), Child(pb, p), parameters) || changed(where+".Properties."+p) {
					all = append(all, p)
				}
			}
		} else if differs(Child(a, key), Child(b, key), parameters) {
			all = append(all, key)
		}
	}
	return all
}

func differs(a, b *yaml.Node, parameters []string) bool {
	if a == nil || b == nil {
		return a != b
	}
	return canonical(a) != canonical(b) || refersTo(b, parameters)
}

// changedConditions are the names of the conditions that may have another result.
func changedConditions(old, now *Template, parameters []string) []string {
	a, b := Child(old.Root, "Conditions"), Child(now.Root, "Conditions")
	var all []string
	for again := true; again; { // a condition may name others
		again = false
		for _, name := range now.Names("Conditions") {
			if !slices.Contains(all, name) && differs(Child(a, name), Child(b, name), slices.Concat(parameters, all)) {
				all, again = append(all, name), true
			}
		}
	}
	return all
}

// refersTo reports whether a value refers to one of the names: by Ref, in a text
// of Sub, or as a condition.
func refersTo(n *yaml.Node, names []string) bool {
	if n.Kind == yaml.ScalarNode {
		return slices.ContainsFunc(names, func(name string) bool {
			return (n.Tag == "!Ref" || n.Tag == "!Condition") && n.Value == name || strings.Contains(n.Value, "${"+name+"}")
		})
	}
	for key, v := range Entries(n) {
		if (key == "Ref" || key == "Condition") && slices.Contains(names, v.Value) {
			return true
		}
	}
	return slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return refersTo(c, names) })
}

// Depends reports whether a section refers to one of the parameters, or differs.
func Depends(old, now *Template, section string, parameters []string) bool {
	a, b := Child(old.Root, section), Child(now.Root, section)
	return (a != nil || b != nil) && differs(a, b, parameters)
}

func keys(n *yaml.Node) []string {
	var all []string
	for k := range Entries(n) {
		all = append(all, k)
	}
	return all
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
