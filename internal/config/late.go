package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// lateRef is what is not known while the file is read: what depends on the
// place is put in for each landing; what depends on the release, or on what is
// in the account, is left for the target.
var lateRef = regexp.MustCompile(`^\$\{(place|artifact|release|stack)\.[A-Za-z0-9][A-Za-z0-9._+-]*\}$`)

// placed is a block with what depends on the place put in. Blocks are shared,
// so what changes is copied.
func (b *builder) placed(n *node, place delivery.Place) *node {
	out := *n
	changed := len(n.late) > 0
	if changed {
		text, _ := n.value.(string)
		out.value, out.shown = b.ofPlace(place).Replace(text), b.ofPlace(place).Replace(n.shown)
		out.parts = slices.Clone(n.parts)
		for i, p := range out.parts {
			if !p.IsFixed() {
				out.parts[i].Text = b.ofPlace(place).Replace(p.Text)
			}
		}
		if len(out.parts) > 0 {
			out.value = out.parts.Value()
		}
		if len(n.env) == 0 && !slices.ContainsFunc(n.late, isLater) {
			out.shown = "" // all of it is known
		}
	}
	out.fields, out.items = nil, nil
	for _, f := range n.fields {
		v := b.placed(f.node, place)
		changed = changed || v != f.node
		out.fields = append(out.fields, field{f.name, f.at, v})
	}
	for _, i := range n.items {
		v := b.placed(i, place)
		changed = changed || v != i
		out.items = append(out.items, v)
	}
	if !changed {
		return n
	}
	return &out
}

func (b *builder) ofPlace(p delivery.Place) *strings.Replacer {
	account, _ := b.file.App.Account(p.Account)
	return strings.NewReplacer(
		"${place.app}", b.file.App.Name, "${place.environment}", p.Environment, "${place.region}", p.Region,
		"${place.account}", p.Account, "${place.accountId}", account.ID)
}

func isLater(ref string) bool { return !strings.HasPrefix(ref, "${place.") }

// misplaced reports what depends on a place or a release where it is not filled
// in, and what there is not. The path begins at "target"; outside it is empty.
func (b *builder) misplaced(n *node, path []string) {
	for _, ref := range n.late {
		switch {
		case len(path) == 0:
			b.rep.add(n.pos, Problem{Text: ref + " is not known here", Got: ref, Want: "it in the settings of a target, or $${ for the text ${ itself"})
		case strings.HasPrefix(ref, "${place.") && b.ofPlace(delivery.Place{}).Replace(ref) == ref:
			b.rep.add(n.pos, Problem{Text: fmt.Sprintf("%s is not known", shorten(ref)), Got: shorten(ref), Want: "${place.app}, ${place.environment}, ${place.region}, ${place.account} or ${place.accountId}"})
		case isLater(ref):
			b.later(n, ref, path)
		}
	}
	for _, f := range n.fields {
		below := path
		if len(path) > 0 || f.name == "target" {
			below = append(slices.Clip(path), f.name)
		}
		b.misplaced(f.node, below)
	}
	for _, i := range n.items {
		b.misplaced(i, path)
	}
}

// later reports a reference to a release, an artifact or a stack that nothing
// fills in.
func (b *builder) later(n *node, ref string, path []string) {
	kind, rest, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}"), ".")
	name, property, _ := strings.Cut(rest, ".")
	var target Kind
	if len(path) > 1 {
		target, _ = kindNamed(b.kinds.Targets, path[1])
	}
	p := Problem{Text: shorten(ref) + " is not known", Got: shorten(ref)}
	switch {
	case target.Fills != nil && !target.Fills(kind, path[2:]):
		p.Text, p.Want = shorten(ref)+" is not filled in here", "it in the parameters of a stack, or $${ for the text ${ itself"
	case kind == "release" && rest != "version":
		p.Want = "${release.version}"
	case kind == "artifact" && b.anyComponent:
		return
	case kind == "artifact" && !slices.ContainsFunc(b.components, func(c component) bool { return c.Name == name }):
		var known []string
		for _, c := range b.components {
			known = append(known, c.Name)
		}
		b.unknownName(n.pos, "component", name, known)
		return
	case kind == "artifact" && property != "digest" && property != "hex":
		p.Want = fmt.Sprintf("${artifact.%s.digest} or ${artifact.%s.hex}", name, name)
	case kind == "stack" && (name == "" || property == "" || strings.Contains(property, ".")):
		p.Want = "${stack.NAME.OUTPUT}"
	default:
		return
	}
	b.rep.add(n.pos, p)
}
