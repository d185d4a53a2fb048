package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"falkirk/internal/delivery"
)

type shape int

const (
	null shape = iota
	boolean
	integer
	float
	text
	list
	mapping
)

// node is one value of the file, with its place. Nodes are shared (by aliases,
// by inheritance) and never changed once the file is read.
type node struct {
	pos
	shape  shape
	value  any              // bool, int64, uint64, float64 or string of a scalar
	token  string           // a number or a boolean as written: 2.0, 0x10, True
	shown  string           // the scalar as written, where ${env:…} went into it; else ""
	secret bool             // under a key that looks secret
	masked any              // what value was before Show masked it
	broken bool             // a problem of it has been reported; nothing more is said of it
	unset  string           // a variable that it names and that is not set; then it is broken
	env    []string         // values that ${env:…} brought in
	parts  delivery.Written // the text in parts, where ${env:…} or $${ is in it
	late   []string         // references that are resolved later
	items  []*node
	fields []field
	size   int // nodes in it, itself included; the bound on aliases counts with it
}

// field is one entry of a mapping, in the order of the file.
type field struct {
	name string
	at   pos
	node *node
}

func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.node
		}
	}
	return nil
}

// has reports whether a key is there and says something: null is as if absent.
func (n *node) has(name string) bool {
	v := n.get(name)
	return v != nil && v.shape != null
}

// find follows a path as far as it leads.
func (n *node) find(path []string) *node {
	for _, p := range path {
		next := n.get(p)
		if i, err := strconv.Atoi(p); err == nil && n.shape == list && i >= 0 && i < len(n.items) {
			next = n.items[i]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// got is the value as an error shows it: short, and without a secret.
func (n *node) got() string {
	switch {
	case n.shape == null:
		return "empty"
	case n.shape == list:
		return "a list"
	case n.shape == mapping:
		return "a mapping"
	case n.shown != "":
		return n.shown
	case n.secret:
		return "***"
	case n.shape == text:
		return strconv.Quote(shorten(n.value.(string)))
	}
	if n.token != "" {
		return n.token
	}
	return fmt.Sprint(n.value)
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

// plain is the value as encoding/json would have decoded it, numbers kept exact.
func (n *node) plain() any {
	switch n.shape {
	case list:
		all := make([]any, len(n.items))
		for i, item := range n.items {
			all[i] = item.plain()
		}
		return all
	case mapping:
		all := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			all[f.name] = f.node.plain()
		}
		return all
	}
	return n.value
}

// merge lays over on base: mappings merge deeply, anything else replaces, and
// null takes away what is inherited.
func merge(base, over *node) *node {
	switch {
	case over == nil:
		return base
	case over.shape != mapping:
		return over
	case base == nil || base.shape != mapping:
		base = &node{pos: over.pos, shape: mapping}
	}
	m := &node{pos: over.pos, shape: mapping, secret: over.secret, size: 1}
	overs, bases := over.index(), base.index()
	for _, f := range base.fields {
		if o, ok := overs[f.name]; !ok {
			m.append(f)
		} else if o.node.shape != null {
			m.append(field{f.name, o.at, merge(f.node, o.node)})
		}
	}
	for _, f := range over.fields {
		if _, ok := bases[f.name]; !ok && f.node.shape != null {
			m.append(field{f.name, f.at, merge(nil, f.node)})
		}
	}
	return m
}

func (n *node) append(f field) {
	n.fields = append(n.fields, f)
	n.size += f.node.size
}

func (n *node) index() map[string]field {
	all := make(map[string]field, len(n.fields))
	for _, f := range n.fields {
		all[f.name] = f
	}
	return all
}

// fromJSON reads a document that encoding/json wrote, keys in their order.
func fromJSON(raw []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return jsonValue(d)
}

func jsonValue(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch v := t.(type) {
	case json.Delim:
		return jsonDeep(d, v)
	case json.Number:
		return &node{shape: float, value: v}, nil
	case string:
		return &node{shape: text, value: v}, nil
	case bool:
		return &node{shape: boolean, value: v}, nil
	}
	return &node{}, nil
}

func jsonDeep(d *json.Decoder, open json.Delim) (*node, error) {
	n := &node{shape: list}
	if open == '{' {
		n.shape = mapping
	}
	for d.More() {
		name := ""
		if n.shape == mapping {
			t, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ = t.(string)
		}
		v, err := jsonValue(d)
		if err != nil {
			return nil, err
		}
		if n.shape == mapping {
			n.fields = append(n.fields, field{name: name, node: v})
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err := d.Token()
	return n, err
}
