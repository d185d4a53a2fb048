package config

import (
	"encoding/json"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// askingKeys are those of a gate or a hook, beside its kind.
var askingKeys = []string{"name", "when", "once", "rollback", "for", "every", "if"}

// asking reads a list of gates or of hooks: each has a name of its own and one
// kind with its settings, beside the keys given. Head decodes those and gives
// the place of the name; found takes what was read.
func (b *builder) asking(nodes []*node, list string, kinds []Kind, keys []string, head func(n *node, label string) *string, found func(k Kind, n, block *node)) {
	names := map[string]pos{}
	counts := map[string]int{}
	for _, n := range nodes {
		if v := n.get("name"); v != nil && v.shape == text && v.unset == "" {
			names[v.value.(string)] = pos{}
		}
	}
	for i, n := range nodes {
		label := fmt.Sprintf("%ss[%d]", list, i)
		kind, block := b.oneKind(field{name: label, at: n.pos, node: n}, label, kinds, keys)
		if n.shape != mapping {
			continue
		}
		name := head(n.only(keys...), label)
		b.name(n, "name", "when", "if")
		if block == nil {
			continue
		}
		at := n.pos
		if n.has("name") && n.get("name").unset == "" {
			at = n.get("name").pos
		} else {
			*name = freeName(kind.Name, counts, names)
		}
		if first := names[*name]; first.line > 0 {
			b.rep.add(at, Problem{
				Text: fmt.Sprintf("%s %q is there twice", list, *name), Got: *name,
				Want: fmt.Sprintf("a name of its own; it is on line %d already", first.line),
			})
		}
		names[*name] = at
		found(kind, n, block)
	}
}

func (b *builder) gates(nodes []*node, out *readEnvironment) {
	var g gate
	head := func(n *node, label string) *string {
		g = gate{}
		b.decode(n, &g, label)
		return &g.Name
	}
	b.asking(nodes, "gate", b.kinds.Gates, []string{"name", "when", "once", "rollback", "for", "every"}, head, func(k Kind, n, block *node) {
		b.bake(g, n)
		forward := k.Forward
		if n.has("rollback") {
			forward = !g.Rollback
		}
		out.asked, out.gates = append(out.asked, n), append(out.gates, block)
		settings, why := b.settings(k, block, k.Name)
		b.componentNamed(k, block, settings)
		if k.Groups != nil && why == "" {
			why = b.nobody
		}
		if k.Groups != nil && settings != nil && why == "" {
			why = b.contained(func() { b.problems(block, k.Groups(settings, b.file.App.Groups)) }, block)
		}
		out.Gates = append(out.Gates, delivery.GateSetting{
			Name: g.Name, Kind: k.Name, When: delivery.Moment(g.When), Once: g.Once, Forward: forward, For: g.For, Every: g.Every,
			Settings: settings, Unusable: why,
		})
	})
}

// componentNamed checks the component that a gate or a hook asks.
func (b *builder) componentNamed(k Kind, block *node, settings json.RawMessage) {
	if k.Component == nil || settings == nil || b.anyComponent {
		return
	}
	name, path := k.Component(settings)
	var known []string
	for _, c := range b.components {
		known = append(known, c.Name)
	}
	if name != "" && !slices.Contains(known, name) {
		b.unknownName(at(block, path), "component", name, known)
	}
}

// bake checks a gate that must stay open for a time.
func (b *builder) bake(g gate, n *node) {
	after := []string{"after provision", "after promote", "after prune"}
	switch {
	case g.For > 0 && !slices.Contains(after, g.When):
		b.rep.add(n.get("for").pos, Problem{Text: "only a gate after a phase can be asked to stay open", Got: g.When, Want: oneOf(after)})
	case g.Every > 0 && g.For == 0:
		b.rep.add(n.get("every").pos, Problem{Text: "every says nothing without for", Want: "for: how long the gate must stay open"})
	case g.Every > g.For:
		b.rep.add(n.get("every").pos, Problem{Text: "every is longer than for", Got: g.Every.String(), Want: "at most " + g.For.String()})
	}
}

func (b *builder) hooks(nodes []*node, out *readEnvironment) {
	var h hook
	head := func(n *node, label string) *string {
		h = hook{If: string(delivery.IfPass), Repeat: string(delivery.RepeatAlways)}
		b.decode(n, &h, label)
		return &h.Name
	}
	b.asking(nodes, "hook", b.kinds.Hooks, []string{"name", "when", "if", "once", "repeat"}, head, func(k Kind, n, block *node) {
		out.hooked, out.hooks = append(out.hooked, n), append(out.hooks, block)
		settings, why := b.settings(k, block, k.Name)
		b.componentNamed(k, block, settings)
		if prunes := delivery.Moment(h.When); repeat(h.Repeat) == delivery.RepeatNever && (prunes == delivery.Before(delivery.Prune) || prunes == delivery.After(delivery.Prune)) {
			b.rep.add(n.get("repeat").pos, Problem{Text: "repeat is never, and a prune belongs to no release", Want: "repeat: always"})
		}
		out.Hooks = append(out.Hooks, delivery.Hook{
			Name: h.Name, Kind: k.Name, When: delivery.Moment(h.When), If: delivery.Condition(h.If), Once: h.Once, Repeat: repeat(h.Repeat),
			Settings: settings, Unusable: why,
		})
	})
}

// repeat is the setting, or nothing where it is the usual one.
func repeat(word string) delivery.Repeat {
	if r := delivery.Repeat(word); r == delivery.RepeatNever {
		return r
	}
	return ""
}

// freeName is the kind and the next number that nothing has as its name.
func freeName(kind string, counts map[string]int, names map[string]pos) string {
	for {
		counts[kind]++
		name := fmt.Sprintf("%s-%d", kind, counts[kind])
		if _, taken := names[name]; !taken {
			return name
		}
	}
}

// only is the mapping with no other keys than these.
func (n *node) only(keys ...string) *node {
	out := &node{pos: n.pos, shape: mapping}
	for _, f := range n.fields {
		if slices.Contains(keys, f.name) {
			out.fields = append(out.fields, f)
		}
	}
	return out
}
