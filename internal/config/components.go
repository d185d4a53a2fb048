package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"falkirk/internal/delivery"
)

var (
	nameShape   = regexp.MustCompile(namePattern)
	regionShape = regexp.MustCompile(regionPattern)
)

const nameWant = "small letters, digits and hyphens, starting with a letter, at most 63"

// component is a component with what the rest of the file needs of it.
type component struct {
	delivery.Component
	block  *node // its settings as written
	target *node // its target settings by kind, or nil
}

func (b *builder) readComponents(n *node) {
	fields := b.named(n, "components")
	if n != nil && n.shape == mapping && len(fields) == 0 {
		b.rep.add(n.pos, Problem{Text: "there is no component", Want: "at least one"})
	}
	for _, f := range fields {
		b.checkName(f, "component")
		b.component(f)
	}
	for _, c := range b.components {
		b.file.App.Components = append(b.file.App.Components, c.Component)
	}
}

func (b *builder) component(f field) {
	label := "component " + strconv.Quote(f.name)
	c := component{Component: delivery.Component{Name: f.name}}
	kind, block := b.oneKind(f, label, b.kinds.Components, []string{"target"})
	c.target = b.oneTarget(f.node.get("target"), label)
	if block != nil {
		c.Kind, c.block = kind.Name, block
		c.Settings, c.Unusable = b.settings(kind, block, kind.Name)
	}
	b.components = append(b.components, c)
}

// oneKind finds the one key of a mapping that names a registered kind; others
// are the keys that may stand beside it.
func (b *builder) oneKind(f field, label string, kinds []Kind, others []string) (Kind, *node) {
	if f.node.shape != mapping {
		b.rep.add(f.node.pos, Problem{
			Text: fmt.Sprintf("%s is %s", label, f.node.got()), Got: f.node.got(),
			Want: "a mapping with " + oneOf(kindNames(kinds)),
		})
		return Kind{}, nil
	}
	var found []field
	known := slices.Concat(kindNames(kinds), others)
	unknown := false
	for _, g := range f.node.fields {
		if _, ok := kindNamed(kinds, g.name); ok {
			found = append(found, g)
		} else if !slices.Contains(known, g.name) {
			unknown = true
			b.rep.add(g.at, unknownKey(g.name, known))
		}
	}
	switch {
	case len(found) == 0 && !unknown:
		b.rep.add(f.at, Problem{Text: label + " says no kind", Want: oneOf(kindNames(kinds))})
		return Kind{}, nil
	case len(found) == 0:
		return Kind{}, nil // the unknown key is most likely the kind
	case len(found) > 1:
		b.rep.add(found[1].at, Problem{Text: fmt.Sprintf("%s is %s already", label, found[0].name), Want: "one kind"})
	}
	kind, _ := kindNamed(kinds, found[0].name)
	return kind, found[0].node
}

// oneTarget checks the target of one component at one level: one kind.
func (b *builder) oneTarget(n *node, label string) *node {
	n = b.targets(n)
	if n != nil && len(n.fields) > 1 {
		b.rep.add(n.fields[1].at, Problem{Text: label + " has two kinds of target here", Want: "one kind"})
	}
	return n
}

// targets checks settings by kind of target at one level; nil when there are none.
func (b *builder) targets(n *node) *node {
	if n == nil || n.shape == null {
		return nil
	}
	if n.shape != mapping {
		b.unsure = true
		b.decoder().mismatch(n, "target", "a mapping with "+oneOf(kindNames(b.kinds.Targets)))
		return nil
	}
	out := &node{pos: n.pos, shape: mapping}
	for _, f := range n.fields {
		kind, ok := kindNamed(b.kinds.Targets, f.name)
		if !ok {
			b.unsure = true
			b.rep.add(f.at, unknownKey(f.name, kindNames(b.kinds.Targets)))
			continue
		}
		b.partial(kind, f.node, f.name)
		b.name(f.node, kind.Names...)
		if f.node.shape == null { // "local:" alone chooses the kind
			f.node = &node{pos: f.at, shape: mapping}
		}
		out.fields = append(out.fields, f)
	}
	if len(out.fields) == 0 {
		return nil
	}
	return out
}
