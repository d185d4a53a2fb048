package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/delivery"
)

var personShape = regexp.MustCompile(personPattern)

// groups reads the people by group.
func (b *builder) groups(n *node) {
	if n.isOneUnset() {
		b.nobody = delivery.Unusable(unsetProblem(n).Text)
	}
	for _, f := range b.named(n, "groups") {
		b.checkName(f, "group")
		var people []string
		label := "group " + strconv.Quote(shorten(f.name))
		b.public[f.node] = true
		why := b.contained(func() {
			b.decodeLazy(f.node, &people, label)
			b.people(f.node, people, label)
		}, f.node)
		if why == "" && f.node.isUnset() {
			why = delivery.Unusable(unsetProblem(f.node).Text) // the problem is in the list already
		}
		if why != "" {
			b.nobody = delivery.Unusable(strings.TrimPrefix(string(b.nobody+"\n"+why), "\n"))
			continue
		}
		if b.file.App.Groups == nil {
			b.file.App.Groups = map[string][]string{}
		}
		b.file.App.Groups[f.name] = people
	}
}

func (b *builder) people(n *node, people []string, label string) {
	if (n.shape == list || n.shape == null) && len(people) == 0 {
		b.rep.add(n.pos, Problem{Text: label + " is of nobody", Want: "people"})
	}
	for i, p := range people {
		item := n.item(i, len(people))
		b.public[item] = true
		switch {
		case item.shape != text:
		case !personShape.MatchString(p):
			b.rep.add(item.pos, Problem{Text: fmt.Sprintf("%s: %q is no person", label, shorten(p)), Got: shorten(p), Want: patternWords(personPattern)})
		case slices.Contains(people[:i], p):
			b.rep.add(item.pos, Problem{Text: fmt.Sprintf("%s: %q is there twice", label, shorten(p)), Got: shorten(p)})
		}
	}
}
