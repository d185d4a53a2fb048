package config

import (
	"fmt"

	"falkirk/internal/delivery"
)

// landing is a landing with the merged block that its settings came from.
type landing struct {
	delivery.Landing
	block *node
}

// land finds the kind of target for one component in one place and merges its
// settings: the component's own, then those of the environment for all, those
// of the environment for the component, and the same of the region.
func (b *builder) land(c component, s spot, env level) (landing, bool) {
	single := []*node{s.single[c.Name], env.single[c.Name], c.target}
	shared := []*node{s.all, env.all}
	if k, _ := kindNamed(b.kinds.Components, c.Kind); k.Parcel && targetKind(single, nil) == "" {
		return landing{}, false
	}
	name := targetKind(single, shared)
	if name == "" {
		if c.Kind != "" && s.Environment != "" && !b.unsure {
			b.noTarget(c, s, shared)
		}
		return landing{}, false
	}
	if b.values > mostSettings {
		return landing{}, false // said already
	}
	kind, _ := kindNamed(b.kinds.Targets, name)
	var block *node
	for _, level := range []*node{c.target, env.all, env.single[c.Name], s.all, s.single[c.Name]} {
		block = merge(block, level.get(name))
	}
	l := landing{block: merge(nil, block)}
	if b.values += l.block.size; b.values > mostSettings {
		b.rep.add(s.at, Problem{Text: "too many settings times places", Want: fmt.Sprintf("at most %d values in the app", mostSettings)})
		return landing{}, false
	}
	l.block = b.placed(l.block, s.Place)
	l.Place, l.Component, l.Target = s.Place, c.Name, name
	l.Written = l.block.written()
	l.Settings, l.Unusable = b.settings(kind, l.block, name)
	return l, l.Settings != nil || l.Unusable != ""
}

// targetKind is the kind that the nearest level names for the component alone,
// or the only one that the nearest shared level has.
func targetKind(single, shared []*node) string {
	for _, n := range single {
		if n != nil {
			return n.fields[0].name
		}
	}
	for _, n := range shared {
		if n != nil && len(n.fields) == 1 {
			return n.fields[0].name
		}
	}
	return ""
}

func (b *builder) noTarget(c component, s spot, shared []*node) {
	p := Problem{
		Text: fmt.Sprintf("component %q has no target in %s", c.Name, s.Place),
		Want: "target with " + oneOf(kindNames(b.kinds.Targets)) + ", at the component or here",
	}
	at := s.at
	for _, n := range shared {
		if n != nil && len(n.fields) > 1 {
			at = n.pos
			p = Problem{
				Text: fmt.Sprintf("component %q could land on %s or %s", c.Name, n.fields[0].name, n.fields[1].name),
				Want: "one kind named under components." + c.Name + ".target",
			}
			break
		}
	}
	b.rep.add(at, p)
}
