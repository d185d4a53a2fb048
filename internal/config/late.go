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
func (b *builder) placed(n *node, p delivery.Place) *node {
	out := *n
	changed := len(n.late) > 0
	if changed {
		text, _ := n.value.(string)
		out.value, out.shown = b.ofPlace(p).Replace(text), b.ofPlace(p).Replace(n.shown)
		if len(n.env) == 0 && !slices.ContainsFunc(n.late, isLater) {
			out.shown = "" // all of it is known
		}
	}
	out.fields, out.items = nil, nil
	for _, f := range n.fields {
		v := b.placed(f.node, p)
		changed = changed || v != f.node
		out.fields = append(out.fields, field{f.name, f.at, v})
	}
	for _, i := range n.items {
		v := b.placed(i, p)
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

// misplaced reports what depends on a place or a release outside the settings
// of targets, and places' values that there are not.
func (b *builder) misplaced(n *node, inTarget bool) {
	for _, ref := range n.late {
		switch {
		case !inTarget:
			b.rep.add(n.pos, Problem{Text: ref + " is not known here", Got: ref, Want: "it in the settings of a target, or $${ for the text ${ itself"})
		case strings.HasPrefix(ref, "${place.") && b.ofPlace(delivery.Place{}).Replace(ref) == ref:
			b.rep.add(n.pos, Problem{Text: fmt.Sprintf("%s is not known", shorten(ref)), Got: shorten(ref), Want: "${place.app}, ${place.environment}, ${place.region}, ${place.account} or ${place.accountId}"})
		}
	}
	for _, f := range n.fields {
		b.misplaced(f.node, inTarget || f.name == "target")
	}
	for _, i := range n.items {
		b.misplaced(i, inTarget)
	}
}
