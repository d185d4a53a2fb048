package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"falkirk/internal/delivery"
)

// outputs resolves references to outputs: the NAME of ${stack.NAME.OUTPUT} is a
// component of the same place or the name of a stack, and the settings that
// targets get have the name of the stack only.
func (b *builder) outputs() {
	for i := range b.file.App.Environments {
		all := b.file.App.Environments[i].Landings
		gifts := b.gifts(all)
		for j := range all {
			if all[j].Unusable == "" && stackRef.Match(all[j].Settings) {
				b.resolve(&all[j], gifts)
				b.update(all[j])
			}
		}
	}
}

// update gives the landing that has the block the settings as they are resolved.
func (b *builder) update(l delivery.Landing) {
	for i := range b.landings {
		if x := &b.landings[i]; x.Place == l.Place && x.Component == l.Component {
			x.Settings, x.Written, x.Unusable = l.Settings, l.Written, l.Unusable
		}
	}
}

// gift is what one landing gives to others in its place.
type gift struct {
	delivery.Landing
	alias, name string // stack.COMPONENT, stack.NAME; name is "" where it is not known
}

// gifts are those of all landings of an environment whose kind gives something.
func (b *builder) gifts(all []delivery.Landing) []gift {
	var out []gift
	for _, l := range all {
		k, ok := kindNamed(b.kinds.Targets, l.Target)
		if !ok || k.Gives == nil {
			continue
		}
		g := gift{Landing: l, alias: l.Target + "." + l.Component}
		if l.Unusable == "" {
			g.name, _ = k.Gives(l)
		}
		out = append(out, g)
	}
	return out
}

// resolve puts in the names of stacks for those of components.
func (b *builder) resolve(l *delivery.Landing, gifts []gift) {
	var unknown delivery.Unusable
	named := map[string]string{} // reference as written → as targets get it
	l.Settings = stackRef.ReplaceAllFunc(slices.Clone(l.Settings), func(ref []byte) []byte {
		name := string(stackRef.FindSubmatch(ref)[1])
		find := func(is func(gift) bool) (gift, bool) {
			i := slices.IndexFunc(gifts, func(g gift) bool { return g.Place == l.Place && is(g) })
			if i < 0 {
				return gift{}, false
			}
			return gifts[i], true
		}
		byAlias, isComponent := find(func(g gift) bool { return g.alias == name })
		byName, isStack := find(func(g gift) bool { return g.name == name })
		switch {
		case !isComponent && !isStack:
			b.notAStack(*l, string(ref), name, gifts)
		case !isComponent || byAlias.name == name:
		case isStack:
			b.ambiguous(*l, string(ref), byAlias, byName)
		case byAlias.name == "":
			unknown = byAlias.Unusable
		default:
			named[string(ref)] = strings.Replace(string(ref), name+".", byAlias.name+".", 1)
			return []byte(named[string(ref)])
		}
		return ref
	})
	if unknown != "" {
		l.Settings, l.Unusable = nil, unknown
	}
	rename(l, named)
}

// rename puts the resolved references also into the texts that are kept in parts.
func rename(l *delivery.Landing, named map[string]string) {
	if len(named) == 0 || len(l.Written) == 0 {
		return
	}
	l.Written = maps.Clone(l.Written)
	for path, w := range l.Written {
		w = slices.Clone(w)
		for i, p := range w {
			if !p.IsFixed() {
				w[i].Text = stackRef.ReplaceAllStringFunc(p.Text, func(ref string) string { return cmp.Or(named[ref], ref) })
			}
		}
		l.Written[path] = w
	}
}

// notAStack warns of a reference to a component that is not a stack in the place, and
// of a name that is nearly one of this app. Any other name may be a stack of somebody
// else, so it is no problem and no warning.
func (b *builder) notAStack(l delivery.Landing, ref, name string, gifts []gift) {
	kind, called, _ := strings.Cut(name, ".")
	if slices.ContainsFunc(b.components, func(c component) bool { return c.Name == called }) {
		b.rep.warn(b.posOf(l, ref), Problem{
			Text: fmt.Sprintf("%s: component %s is no %s in %s; it is read from a %s named %s", ref, called, kind, l.Place, kind, called),
		})
		return
	}
	meant, isComponent, ok := misspelt(l.Place, name, gifts)
	if !ok {
		return
	}
	right := meant.name
	if isComponent {
		right = meant.alias
	}
	p := Problem{
		Text: fmt.Sprintf("%s: no component and no %s of this app is named %s in %s; it is read from a %s of that name outside of this app", ref, kind, called, l.Place, kind),
		Got:  ref, Suggest: strings.Replace(ref, name+".", right+".", 1),
	}
	if isComponent && meant.name != "" {
		_, stack, _ := strings.Cut(meant.name, ".")
		p.Text += fmt.Sprintf("; component %s has the %s %s", meant.Component, kind, stack)
	}
	b.rep.warn(b.posOf(l, ref), p)
}

// misspelt is the gift in the place that a name is nearly the component or the stack
// of. The exact name of a stack in another place is not misspelt, and neither are names
// that differ in digits only.
func misspelt(at delivery.Place, name string, gifts []gift) (meant gift, isComponent, ok bool) {
	least := 1 + max(1, len(name)/8)
	for _, g := range gifts {
		if g.name == name {
			return gift{}, false, false
		}
		if g.Place != at {
			continue
		}
		for _, known := range []string{g.alias, g.name} {
			d := distance(strings.ToLower(name), strings.ToLower(known))
			if known != "" && d < least && noDigits(known) != noDigits(name) {
				meant, isComponent, ok, least = g, known == g.alias, true, d
			}
		}
	}
	return meant, isComponent, ok
}

func noDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}

// ambiguous reports a name that is a component and also the stack of another one.
func (b *builder) ambiguous(l delivery.Landing, ref string, byAlias, byName gift) {
	_, component, _ := strings.Cut(byAlias.alias, ".")
	_, stack, _ := strings.Cut(byAlias.name, ".")
	b.rep.add(b.posOf(l, ref), Problem{
		Text: fmt.Sprintf("%s is ambiguous in %s: component %s has the stack %q, and component %s has the stack %q",
			ref, l.Place, component, stack, byName.Component, component),
		Want: "a stack name that is not the name of another component",
	})
}

// posOf is where a landing has a reference.
func (b *builder) posOf(l delivery.Landing, ref string) pos {
	for _, x := range b.landings {
		if x.Place == l.Place && x.Component == l.Component {
			if n := x.block.holding(ref); n != nil {
				return n.pos
			}
			return x.block.pos
		}
	}
	return pos{1, 1}
}
