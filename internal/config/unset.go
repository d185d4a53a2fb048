package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// unsetProblem is the problem of a node that names a variable which is not set.
func unsetProblem(n *node) Problem {
	return Problem{
		Text: delivery.NotSet(n.unset), Got: "${env:" + n.unset + "}",
		Want: "a value: export it in the shell or the job that runs falkirk",
	}
}

// decodeLazy is decode for a block whose unset variables are told when it is used.
func (b *builder) decodeLazy(n *node, into any, label string) {
	decoder{rep: b.rep, lazy: true}.into(n, reflect.ValueOf(into).Elem(), label, rule{})
}

// unset says which variables that these nodes name are not set, and where.
// Where the whole file is checked, they are problems already.
func (b *builder) unset(nodes ...*node) delivery.Unusable {
	if !b.lazy {
		return ""
	}
	var all []string
	for _, n := range nodes {
		n.eachUnset(func(n *node) {
			if line := fmt.Sprintf("%s:%d:%d: %s", b.rep.file, n.line, n.col, unsetProblem(n).Text); !slices.Contains(all, line) {
				all = append(all, line)
			}
		})
	}
	return delivery.Unusable(strings.Join(all, "\n"))
}

// contained makes checks of a block. In lazy mode what is wrong with it is kept
// with the block where the values of variables may be the cause.
func (b *builder) contained(check func(), nodes ...*node) delivery.Unusable {
	before := len(b.rep.list)
	check()
	found := b.rep.list[before:]
	if !b.lazy || len(found) == 0 || b.unset(nodes...) == "" && !slices.ContainsFunc(nodes, (*node).hasVariable) {
		return b.unset(nodes...)
	}
	all := found.unusable()
	b.rep.list = b.rep.list[:before]
	if unset := b.unset(nodes...); unset != "" {
		return unset // the rest comes of it
	}
	return all
}

// isUnset reports whether something in it names a variable that is not set.
func (n *node) isUnset() bool {
	found := false
	n.eachUnset(func(*node) { found = true })
	return found
}

// namesUnset reports whether the name of something in a list is not known.
func namesUnset(list *node) bool {
	return list != nil && (list.isOneUnset() || slices.ContainsFunc(list.items, func(n *node) bool {
		return n.isOneUnset() || n.get("name").isOneUnset()
	}))
}

// isOneUnset reports whether it is one value that names a variable which is not set.
func (n *node) isOneUnset() bool { return n != nil && n.unset != "" }

// hasVariable reports whether an environment variable is named in it.
func (n *node) hasVariable() bool {
	if n == nil {
		return false
	}
	inField := func(f field) bool { return f.node.hasVariable() }
	return n.unset != "" || len(n.env) > 0 || slices.ContainsFunc(n.items, (*node).hasVariable) || slices.ContainsFunc(n.fields, inField)
}

func blocks(all []landing) []*node {
	var out []*node
	for _, l := range all {
		out = append(out, l.block)
	}
	return out
}

func (n *node) eachUnset(tell func(*node)) {
	if n == nil {
		return
	}
	if n.unset != "" {
		tell(n)
	}
	for _, i := range n.items {
		i.eachUnset(tell)
	}
	for _, f := range n.fields {
		f.node.eachUnset(tell)
	}
}

// needed reports unset variables that every command needs.
func (b *builder) needed(n *node, keys ...string) {
	for _, key := range keys {
		n.get(key).eachUnset(func(n *node) { b.rep.add(n.pos, unsetProblem(n)) })
	}
}

// ownNodes are the values of an environment that are not in a block with
// settings of a kind: its places, its rules, when its gates are asked.
func ownNodes(n *node) []*node {
	var own []*node
	for _, f := range n.fields {
		switch f.name {
		case "target", "components":
		case "regions":
			for _, r := range f.node.items {
				own = append(own, r.get("name"), r.get("account"))
				if r.shape != mapping {
					own = append(own, r)
				}
			}
		case "gates", "hooks":
			for _, g := range f.node.items {
				own = append(own, g.only(askingKeys...))
			}
		default:
			own = append(own, f.node)
		}
	}
	return own
}

// placesUnset says that the regions of an environment are those of an account
// whose region is not known.
func (b *builder) placesUnset(n *node, e environment) delivery.Unusable {
	if n.has("regions") {
		return ""
	}
	for _, name := range append([]string{e.Account}, e.Accounts...) {
		if a, ok := b.file.App.Account(name); ok && a.Unusable != "" {
			return a.Unusable
		}
	}
	return ""
}
