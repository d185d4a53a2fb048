package config

import (
	"fmt"

	"falkirk/internal/delivery"
)

// gates reads the gates of one environment.
func (b *builder) gates(nodes []*node, out *readEnvironment) {
	names := map[string]pos{}
	counts := map[string]int{}
	for _, n := range nodes {
		if v := n.get("name"); v != nil && v.shape == text {
			names[v.value.(string)] = pos{}
		}
	}
	for i, n := range nodes {
		label := fmt.Sprintf("gates[%d]", i)
		kind, block := b.oneKind(field{name: label, at: n.pos, node: n}, label, b.kinds.Gates, []string{"name", "when", "once"})
		if n.shape != mapping {
			continue
		}
		var g gate
		b.decode(n.only("name", "when", "once"), &g, label)
		b.name(n, "name", "when")
		if block == nil {
			continue
		}
		at := n.pos
		if n.has("name") {
			at = n.get("name").pos
		} else {
			g.Name = freeName(kind.Name, counts, names)
		}
		if first := names[g.Name]; first.line > 0 {
			b.rep.add(at, Problem{
				Text: fmt.Sprintf("gate %q is there twice", g.Name), Got: g.Name,
				Want: fmt.Sprintf("a name of its own; it is on line %d already", first.line),
			})
		}
		names[g.Name] = at
		out.asked, out.gates = append(out.asked, n), append(out.gates, block)
		out.Gates = append(out.Gates, delivery.GateSetting{
			Name: g.Name, Kind: kind.Name, When: delivery.Moment(g.When), Once: g.Once,
			Settings: b.settings(kind, block, kind.Name),
		})
	}
}

// freeName is the kind and the next number that no gate has as its name.
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
		for _, k := range keys {
			if f.name == k {
				out.fields = append(out.fields, f)
			}
		}
	}
	return out
}
