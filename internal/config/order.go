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
// else stays in the order of the file. Each landing gets the list of what it needs.
// A block with a problem of its own is no landing, so what is said here is true of the
// others.
func (b *builder) order() {
	for i := range b.file.App.Environments {
		e := &b.file.App.Environments[i]
		needs := b.needs(e.Landings)
		sorted, circle := sorted(e.Landings, needs)
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
func sorted(all []delivery.Landing, needs [][]int) (sorted, circle []delivery.Landing) {
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

// given is what a landing gives to the others in its place.
type given struct {
	place delivery.Place
	name  string
}

// needs are, by landing, the indexes of those that it refers to. They are noted
// in the landings.
func (b *builder) needs(all []delivery.Landing) [][]int {
	givers, phases := map[given]int{}, make([]delivery.Phase, len(all))
	for i, l := range all {
		phases[i] = delivery.Provision
		if k, ok := kindNamed(b.kinds.Targets, l.Target); ok && k.Gives != nil && l.Unusable == "" {
			if name, phase := k.Gives(l); name != "" {
				givers[given{l.Place, name}], phases[i] = i, phase
			}
		}
	}
	needs := make([][]int, len(all))
	if len(givers) == 0 {
		return needs
	}
	for i, l := range all {
		for _, m := range stackRef.FindAllSubmatch(l.Settings, -1) {
			j, ok := givers[given{l.Place, string(m[1])}]
			if !ok || slices.Contains(needs[i], j) {
				continue
			}
			needs[i] = append(needs[i], j)
			all[i].Needs = append(all[i].Needs, delivery.Need{Component: all[j].Component, Name: string(m[1]), Phase: phases[j]})
			if i != j && phases[i] == delivery.Provision && phases[j] == delivery.Promote {
				b.tooLate(l, string(m[0]), all[j].Component)
			}
		}
	}
	return needs
}

// tooLate refuses a reference that is read when the release is provisioned, to an
// output that changes when it is promoted.
func (b *builder) tooLate(l delivery.Landing, ref, giver string) {
	b.rep.add(b.blockOf(l), Problem{
		Text: fmt.Sprintf("component %q in %s reads %s when it is provisioned, and component %q changes its stack later, when it is promoted", l.Component, l.Place, ref, giver),
		Got:  ref, Want: fmt.Sprintf("when: provision in the stack target of %s", giver),
	})
}
