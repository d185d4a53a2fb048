package stack

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// found is a local path in a template.
type found struct {
	property
	template.Span
	node         *yaml.Node
	where        string
	path         string
	line, column int
}

// packable is a template that is ready to be stored: each local path in it is
// where it is said to be, and nothing else changes when it is replaced.
type packable struct {
	text  []byte
	found []found
	notes []string // what the author should know
}

// references finds the local paths in a template. The text is kept as it is,
// unless it has aliases or addresses, which CloudFormation does not take, or a
// path in it is not written simply: then the template is written again with the
// same meaning.
func references(name string, text []byte) (packable, error) {
	t, err := template.Parse(name, text)
	if err != nil {
		return packable{}, err
	}
	s, err := find(name, t)
	if err != nil {
		return packable{}, err
	}
	for _, line := range t.Repeated {
		s.notes = append(s.notes, name+": "+line)
	}
	for _, ref := range t.Unversioned() {
		s.notes = append(s.notes, fmt.Sprintf("%s: %s names no version: CloudFormation does not notice when the value changes", name, ref))
	}
	spans, err := t.Locate(nodes(s.all), samples(s.all))
	if err != nil || s.changed {
		if t, err = t.Rewritten(name, nodes(s.all)); err != nil {
			return packable{}, err
		}
		again, err := find(name, t)
		if err != nil || len(again.all) != len(s.all) {
			return packable{}, fault.New(fault.Internal, "%s names other files when it is written again: %w", name, err)
		}
		if spans, err = t.Locate(nodes(again.all), samples(again.all)); err != nil {
			return packable{}, fault.New(fault.Internal, "%s: a local path cannot be replaced: %w", name, err)
		}
	}
	if len(t.Text) > most {
		return packable{}, fault.New(fault.Invalid, "the template %s has %d bytes with aliases written out; CloudFormation takes %d", name, len(t.Text), most)
	}
	for i := range s.all {
		s.all[i].Span = spans[i]
	}
	return packable{text: t.Text, found: s.all, notes: s.notes}, nil
}

func nodes(all []found) []*yaml.Node {
	var list []*yaml.Node
	for _, f := range all {
		list = append(list, f.node)
	}
	return list
}

func samples(all []found) []string {
	var list []string
	for _, f := range all {
		list = append(list, f.sample())
	}
	return list
}

// search gathers what is found.
type search struct {
	name     string
	global   *yaml.Node // the section Globals of SAM
	all      []found
	changed  bool // the tree has something that the text does not have: a path that was added, or an object for an address
	notes    []string
	problems []error
}

func find(name string, t *template.Template) (*search, error) {
	resources := template.Child(t.Root, "Resources")
	if resources == nil && template.Child(t.Root, "Transform") == nil && template.Child(t.Root, "Fn::Transform") == nil {
		return nil, fault.New(fault.Invalid, "%s is not a template: it has no Resources", name)
	}
	s := &search{name: name, global: template.Child(t.Root, "Globals")}
	s.section(metadata(), template.Child(t.Root, "Metadata"), "Metadata")
	s.section(globals(), s.global, "Globals")
	s.resources(resources, "Resources")
	s.includes(t.Root, "")
	return s, errors.Join(s.problems...)
}

// section looks at the parts of a section by their names.
func (s *search) section(all []property, n *yaml.Node, where string) {
	for _, p := range all {
		s.look(p, template.Child(n, p.kind), where+"."+p.kind)
	}
}

// resources looks at each resource, also in the loops of Fn::ForEach.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach-example-resource.html
func (s *search) resources(n *yaml.Node, where string) {
	for id, r := range template.Last(n) {
		below := where + "." + id
		if strings.HasPrefix(id, "Fn::ForEach::") {
			if r.Kind != yaml.SequenceNode || len(r.Content) != 3 {
				s.problem(r, below, "a loop is a list of three: a name, a collection and resources")
				continue
			}
			s.resources(r.Content[2], below+"[2]")
			continue
		}
		kind, _ := template.String(template.Child(r, "Type"))
		for _, p := range properties() {
			if p.kind == kind {
				s.addMissing(p, template.Child(r, "Properties"), below+".Properties")
				s.look(p, template.Child(r, "Properties"), below+".Properties")
			}
		}
	}
}

// look follows a property's path to a local one.
func (s *search) look(p property, n *yaml.Node, where string) {
	for key := range strings.SplitSeq(p.path, ".") {
		n, where = template.Child(n, key), where+"."+key
	}
	path, isText := template.String(n)
	switch {
	case isText && scheme.MatchString(path):
		s.address(p, n, where, path)
	case isText && path == "" && p.nested:
		s.problem(n, where, "it is empty; write the path of a template, or its address")
	case isText && path != "":
		s.all = append(s.all, found{property: p, node: n, where: where, path: path, line: n.Line, column: n.Column})
	case !isText && !isEmpty(n) && n.Kind == yaml.ScalarNode && slices.Contains([]string{"!!int", "!!float", "!!bool", "!!timestamp"}, n.ShortTag()):
		s.problem(n, where, fmt.Sprintf("%s is not a text; write a path in quotes", n.Value))
	}
}

func (s *search) problem(n *yaml.Node, where, text string) {
	s.problems = append(s.problems, fault.New(fault.Invalid, "%s:%d:%d: %s: %s", s.name, n.Line, n.Column, where, text))
}

// includes finds the files of AWS::Include, which may be anywhere, also in its
// short form.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
func (s *search) includes(n *yaml.Node, where string) {
	if n.Tag == "!Transform" {
		s.include(n, join(where, "Fn::Transform"))
	}
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			s.includes(item, fmt.Sprintf("%s[%d]", where, i))
		}
		return
	}
	for key, v := range template.Last(n) {
		if key == "Fn::Transform" || where == "" && key == "Transform" {
			s.include(v, join(where, key))
		}
		s.includes(v, join(where, key))
	}
}

func join(where, key string) string { return strings.TrimPrefix(where+"."+key, ".") }

// include looks at a transform, or a list of them.
func (s *search) include(n *yaml.Node, where string) {
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			s.include(item, fmt.Sprintf("%s[%d]", where, i))
		}
		return
	}
	if name, _ := template.String(template.Child(n, "Name")); name == "AWS::Include" {
		s.look(property{path: "Parameters.Location", form: delivery.FormURI, single: true}, n, where)
	}
}
