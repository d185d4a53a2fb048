package config

import (
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/freeze"
)

// rulesBlock is what says when a release may be promoted.
type rulesBlock struct {
	Soak   delivery.Duration `json:"soak"`
	Freeze []*node           `json:"freeze"`
}

// withRules is an environment as it can be used: without soak and freeze where
// variables make one of them unusable, and then why.
func (b *builder) withRules(n *node, label string) (*node, delivery.Unusable) {
	rules := n.only("soak", "freeze")
	if !b.lazy || !rules.hasVariable() {
		return n, ""
	}
	why := b.contained(func() {
		var r rulesBlock
		b.decodeLazy(rules, &r, label)
		b.freeze(r.Freeze, &readEnvironment{})
	}, rules)
	if why == "" {
		return n, ""
	}
	rest := *n
	rest.fields = slices.DeleteFunc(slices.Clone(n.fields), func(f field) bool { return f.name == "soak" || f.name == "freeze" })
	return &rest, why
}

// freeze reads the windows of one environment. One that cannot be read is a
// problem of the file, so that it is seen before it closes an environment for
// good; package freeze holds it for closed nevertheless.
func (b *builder) freeze(nodes []*node, out *readEnvironment) {
	for i, n := range nodes {
		label := fmt.Sprintf("freeze[%d]", i)
		w := freezeWindow{Zone: "UTC"}
		before := len(b.rep.list)
		b.decode(n, &w, label)
		if n.shape != mapping || len(b.rep.list) > before || n.isUnset() {
			continue
		}
		b.name(n, "deny", "allow", "zone", "reason")
		given := delivery.Freeze(w)
		for _, p := range freeze.Check(given) {
			b.unreadable(n, label, p)
		}
		out.frozen = append(out.frozen, n)
		out.Freeze = append(out.Freeze, given)
	}
}

// unreadable reports what is wrong with a window. The words of package freeze
// quote parts of a value, so they are left out where it is not for all eyes.
func (b *builder) unreadable(n *node, label string, p fault.Problem) {
	value, text := n.find(p.Path), p.Text
	if value.shown != "" {
		text = fmt.Sprintf("the value of %s does not fit", value.got())
	}
	if len(p.Path) > 0 {
		label = p.Path[0]
	}
	b.rep.add(value.pos, Problem{Text: label + ": " + text, Got: value.got(), Want: p.Want})
}

func showFreeze(e readEnvironment) *node {
	all := &node{shape: list}
	for i, f := range e.Freeze {
		one, from := &node{shape: mapping}, e.frozen[i]
		show := func(key, value string) {
			if value != "" {
				one.put(key, told(from.get(key), &node{shape: text, value: value}))
			}
		}
		show("deny", f.Deny)
		show("allow", f.Allow)
		show("zone", f.Zone)
		show("reason", f.Reason)
		all.items = append(all.items, one)
	}
	return all
}
