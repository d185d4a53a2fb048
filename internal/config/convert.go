package config

import (
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// converter turns the syntax tree into nodes: aliases and merge keys resolved,
// duplicate keys found, ${env:…} put in.
type converter struct {
	rep     *report
	getenv  func(string) (string, bool)
	lazy    bool // a variable that is not set is a problem of its block only
	anchors map[string]*node
	count   int
}

func (c *converter) node(n ast.Node, depth int) *node {
	at := start(n)
	if c.count++; c.count > mostNodes || depth > mostDepth {
		c.tooMuch(at, depth)
		return &node{pos: at, size: 1}
	}
	out := c.value(n, at, depth)
	out.size = 1
	for _, f := range out.fields {
		out.size += f.node.size
	}
	for _, i := range out.items {
		out.size += i.size
	}
	return out
}

func (c *converter) tooMuch(at pos, depth int) {
	p := Problem{Text: "too many values", Want: fmt.Sprintf("at most %d, aliases resolved", mostNodes)}
	if depth > mostDepth {
		p = Problem{Text: "nested too deeply", Want: fmt.Sprintf("at most %d levels", mostDepth)}
		c.count = mostNodes // nothing below is looked at any more
	}
	if c.count <= mostNodes+1 {
		c.rep.add(at, p)
	}
}

func (c *converter) value(n ast.Node, at pos, depth int) *node {
	switch v := n.(type) {
	case *ast.MappingNode:
		return c.mapping(v.Values, at, depth)
	case *ast.MappingValueNode:
		return c.mapping([]*ast.MappingValueNode{v}, at, depth)
	case *ast.SequenceNode:
		out := &node{pos: at, shape: list}
		for _, item := range v.Values {
			out.items = append(out.items, c.node(item, depth+1))
		}
		return out
	case *ast.AnchorNode:
		return c.anchor(v, depth)
	case *ast.AliasNode:
		return c.alias(v, at)
	case *ast.TagNode:
		c.rep.add(at, Problem{Text: "tags are not used in this file", Got: shorten(v.Start.Value), Want: "a plain value"})
		return &node{pos: at, shape: text, value: "", broken: true}
	}
	return c.scalar(n, at)
}

func (c *converter) scalar(n ast.Node, at pos) *node {
	switch v := n.(type) {
	case *ast.BoolNode:
		return &node{pos: at, shape: boolean, value: v.Value, token: tokenOf(v)}
	case *ast.IntegerNode:
		return &node{pos: at, shape: integer, value: v.Value, token: tokenOf(v)}
	case *ast.FloatNode:
		return &node{pos: at, shape: float, value: v.Value, token: tokenOf(v)}
	case *ast.InfinityNode, *ast.NanNode:
		c.rep.add(at, Problem{Text: "not a number that can be used", Want: "a finite number"})
		return &node{pos: at, shape: float, value: math.MaxFloat64}
	case *ast.StringNode:
		return c.interpolate(v.Value, at)
	case *ast.LiteralNode:
		return c.interpolate(v.Value.Value, at)
	case *ast.NullNode, nil:
		return &node{pos: at}
	}
	c.rep.add(at, Problem{Text: "this form of YAML is not used here", Want: "a text, a number, true or false, a list, or a mapping"})
	return &node{pos: at}
}

// tokenOf is a scalar as it is in the file: messages do not show 012345670123 as
// the number that YAML makes of it.
func tokenOf(n ast.Node) string { return strings.TrimSpace(n.GetToken().Value) }

func (c *converter) anchor(v *ast.AnchorNode, depth int) *node {
	out := c.node(v.Value, depth)
	if v.Name != nil {
		c.anchors[v.Name.GetToken().Value] = out
	}
	return out
}

func (c *converter) alias(v *ast.AliasNode, at pos) *node {
	name := ""
	if v.Value != nil {
		name = v.Value.GetToken().Value
	}
	target, ok := c.anchors[name]
	if !ok {
		c.rep.add(at, Problem{Text: fmt.Sprintf("no anchor &%s before this alias", name)})
		return &node{pos: at}
	}
	if c.count += target.size; c.count > mostNodes {
		c.rep.add(at, Problem{Text: "too many values", Want: fmt.Sprintf("at most %d, aliases resolved", mostNodes)})
		return &node{pos: at}
	}
	return target
}

// mapping reads the entries; those of merge keys come after, where the mapping
// itself does not have them.
func (c *converter) mapping(values []*ast.MappingValueNode, at pos, depth int) *node {
	out := &node{pos: at, shape: mapping}
	seen := make(map[string]pos, len(values))
	var merged []*node
	for _, v := range values {
		if v.Key.IsMergeKey() {
			merged = append(merged, c.sources(c.node(v.Value, depth+1))...)
			continue
		}
		name, ok := c.key(v.Key)
		if !ok {
			continue
		}
		value := c.node(v.Value, depth+1)
		if value.line == 0 {
			value.pos = start(v.Key)
		}
		if first, dup := seen[name]; dup {
			text := fmt.Sprintf("key %q is there twice", name)
			c.rep.add(start(v.Key), Problem{Text: text, Want: fmt.Sprintf("it once; it is on line %d already", first.line)})
			continue
		}
		seen[name] = start(v.Key)
		if looksSecret(name) {
			value = value.hidden()
			c.rep.hide(value)
			if value.value == hiddenMark {
				c.rep.add(value.pos, Problem{Text: name + " is ***, which stands for a value that is not shown", Want: "the value itself, or ${env:NAME}"})
			}
		}
		out.fields = append(out.fields, field{name, start(v.Key), value})
	}
	for _, m := range merged {
		for _, f := range m.fields {
			if _, there := seen[f.name]; !there {
				seen[f.name] = f.at
				out.fields = append(out.fields, f)
			}
		}
	}
	return out
}

// sources are the mappings that a merge key names, the first winning.
func (c *converter) sources(n *node) []*node {
	from := []*node{n}
	if n.shape == list {
		from = n.items
	}
	for _, m := range from {
		if m.shape != mapping {
			c.rep.add(n.pos, Problem{Text: "<< takes a mapping", Got: m.got(), Want: "an alias of a mapping, or a list of them"})
			return nil
		}
	}
	return from
}

// key is a mapping's key as text; numbers and the like keep how they are written.
func (c *converter) key(k ast.MapKeyNode) (string, bool) {
	switch v := k.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return strings.TrimSpace(k.GetToken().Value), true
	}
	c.rep.add(start(k), Problem{Text: "a key must be plain text"})
	return "", false
}

// hidden is a copy whose scalars are never shown.
func (n *node) hidden() *node {
	out := *n
	out.secret = true
	out.items = nil
	for _, i := range n.items {
		out.items = append(out.items, i.hidden())
	}
	out.fields = nil
	for _, f := range n.fields {
		out.fields = append(out.fields, field{f.name, f.at, f.node.hidden()})
	}
	return &out
}
