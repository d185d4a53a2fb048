package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// stackRef is a reference to an output of a stack, in the settings of a landing.
var stackRef = regexp.MustCompile(`\$\{(stack\.[A-Za-z0-9-]+)\.[A-Za-z0-9]+\}`)

// order puts the landings of each environment into the order in which they need
// each other: in a place, what gives a value comes before what refers to it. All
// else stays in the order of the file.
func (b *builder) order() {
	if len(b.rep.list) > 0 {
		return
	}
	for i := range b.file.App.Environments {
		e := &b.file.App.Environments[i]
		sorted, circle := b.sorted(e.Landings)
		if len(circle) == 0 {
			e.Landings = sorted
			continue
		}
		var names []string
		for _, l := range circle {
			names = append(names, l.Component)
		}
		at := b.blockOf(circle[0])
		b.rep.add(at, Problem{
			Text: fmt.Sprintf("components %s refer to each other in a circle in %s", strings.Join(names, ", "), circle[0].Place),
			Want: "${stack.NAME.OUTPUT} in one direction only",
		})
	}
}

func (b *builder) blockOf(l delivery.Landing) pos {
	for _, x := range b.landings {
		if x.Place == l.Place && x.Component == l.Component {
			return x.block.pos
		}
	}
	return pos{1, 1}
}

// sorted is a stable order by need. What is in a circle is given as that, and so
// is what needs it.
func (b *builder) sorted(all []delivery.Landing) (sorted, circle []delivery.Landing) {
	needs := b.needs(all)
	done := make([]bool, len(all))
	for len(sorted) < len(all) {
		next := -1
		for i := range all {
			if !done[i] && !slices.ContainsFunc(needs[i], func(j int) bool { return !done[j] }) {
				next = i
				break
			}
		}
		if next < 0 {
			for i, l := range all {
				if !done[i] {
					circle = append(circle, l)
				}
			}
			return all, circle
		}
		done[next] = true
		sorted = append(sorted, all[next])
	}
	return sorted, nil
}

// needs are, by landing, the indexes of those that it refers to.
func (b *builder) needs(all []delivery.Landing) [][]int {
	type gift struct {
		place delivery.Place
		name  string
	}
	givers := map[gift]int{}
	for i, l := range all {
		if k, ok := kindNamed(b.kinds.Targets, l.Target); ok && k.Gives != nil && l.Unusable == "" {
			if name := k.Gives(l); name != "" {
				givers[gift{l.Place, name}] = i
			}
		}
	}
	needs := make([][]int, len(all))
	if len(givers) == 0 {
		return needs
	}
	for i, l := range all {
		for _, m := range stackRef.FindAllSubmatch(l.Settings, -1) {
			if j, ok := givers[gift{l.Place, string(m[1])}]; ok && !slices.Contains(needs[i], j) {
				needs[i] = append(needs[i], j)
			}
		}
	}
	return needs
}
