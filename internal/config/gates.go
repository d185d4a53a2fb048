package config

import (
	"fmt"

	"falkirk/internal/delivery"
)

// gates reads the gates of one environment.
func (b *builder) gates(nodes []*node, out *readEnvironment) {
	names := map[string]pos{}
	counts := map[string]int{}
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
		counts[kind.Name]++
		at := n.pos
		if n.has("name") {
			at = n.get("name").pos
		} else {
			g.Name = fmt.Sprintf("%s-%d", kind.Name, counts[kind.Name])
		}
		if first, dup := names[g.Name]; dup {
			b.rep.add(at, Problem{Text: fmt.Sprintf("gate %q is there twice", g.Name), Got: g.Name,
				Want: fmt.Sprintf("a name of its own; it is on line %d already", first.line)})
		}
		names[g.Name] = at
		out.asked, out.gates = append(out.asked, n), append(out.gates, block)
		out.Gates = append(out.Gates, delivery.GateSetting{
			Name: g.Name, Kind: kind.Name, When: delivery.Moment(g.When), Once: g.Once,
			Settings: b.settings(kind, block, kind.Name),
		})
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
