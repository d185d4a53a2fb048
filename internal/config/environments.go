package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"falkirk/internal/delivery"
)

// mostLandings bounds components × places of an app.
const mostLandings = 10_000

// mostSettings bounds the values of all landings together: few large blocks
// for many places make as much work as many small ones.
const mostSettings = 500_000

// level is what one environment or region says of targets.
type level struct {
	all    *node            // by kind, for all components
	single map[string]*node // by component, then by kind
}

// spot is a place with its region's level.
type spot struct {
	delivery.Place
	at pos
	level
}

func (b *builder) environments(all *node, doc document) {
	known := map[string]pos{}
	var names []string
	root := []*node{all.get("keep"), all.get("parallel")} // each environment has them from there
	for i, n := range doc.Environments {
		e := environment{Keep: doc.Keep, Parallel: doc.Parallel}
		if n.shape != mapping {
			b.decode(n, &e, fmt.Sprintf("environments[%d]", i))
			continue
		}
		b.needed(n, "name", "storeRole")
		landings := len(b.landings)
		r := readEnvironment{node: n}
		given := n
		n, noRules := b.withRules(n, fmt.Sprintf("environments[%d]", i))
		why := b.contained(func() {
			b.decodeLazy(n, &e, fmt.Sprintf("environments[%d]", i))
			b.oneEnvironment(n, e, &r, names, laterNames(doc.Environments[i+1:]))
		}, append(ownNodes(n), root...)...)
		if why == "" {
			why = b.placesUnset(n, e)
		}
		if why != "" {
			b.landings = b.landings[:landings]
			r = readEnvironment{}
			r.Name, r.Unusable = e.Name, why
			r.Protected = e.Protected || n.get("protected").hasVariable() // nobody knows that it is not protected
			r.StoreRole = e.StoreRole                                     // what people decide is written there
		}
		r.node, r.NoRules = given, noRules
		if first, dup := known[e.Name]; dup && e.Name != "" {
			b.rep.add(n.get("name").pos, Problem{
				Text: fmt.Sprintf("environment %q is there twice", e.Name), Got: e.Name,
				Want: fmt.Sprintf("a name of its own; it is on line %d already", first.line),
			})
		}
		b.file.App.Environments = append(b.file.App.Environments, r.Environment)
		b.read = append(b.read, r)
		if e.Name != "" {
			known[e.Name] = n.pos
			names = append(names, e.Name)
		}
	}
}

func (b *builder) oneEnvironment(n *node, e environment, r *readEnvironment, earlier, later []string) {
	b.name(n, "name", "account", "accounts", "after")
	r.Name, r.Protected, r.Keep, r.Parallel = e.Name, e.Protected, e.Keep, e.Parallel
	r.StoreRole = e.StoreRole
	r.After = b.after(n, e, earlier, later)
	r.Soak, r.Newer, r.WayBack = e.Soak, delivery.Newer(e.Newer), delivery.WayBack(e.WayBack)
	b.name(n, "newer", "wayBack", "soak")
	b.environment(n, e, r)
}

func laterNames(rest []*node) []string {
	var names []string
	for _, n := range rest {
		if v := n.get("name"); v != nil {
			if s, ok := v.value.(string); ok {
				names = append(names, s)
			}
		}
	}
	return names
}

// after checks the order: an environment comes after earlier ones only.
func (b *builder) after(n *node, e environment, earlier, later []string) []string {
	if !n.has("after") {
		if len(earlier) == 0 {
			return nil
		}
		return earlier[len(earlier)-1:]
	}
	items := n.get("after").items
	for i, name := range e.After {
		if i >= len(items) || items[i].shape != text {
			continue
		}
		at := items[i].pos
		switch {
		case slices.Contains(earlier, name):
			if slices.Contains(e.After[:i], name) {
				b.rep.add(at, Problem{Text: fmt.Sprintf("%q is there twice", name), Got: name})
			}
		case name == e.Name:
			b.rep.add(at, Problem{Text: fmt.Sprintf("%q comes after itself", name), Got: name, Want: "an earlier environment"})
		case slices.Contains(later, name):
			b.rep.add(at, Problem{Text: fmt.Sprintf("impossible order: %q comes later in the list", name), Got: name, Want: "an earlier environment"})
		case !b.anyEnvironment:
			b.unknownName(at, "environment", name, earlier)
		}
	}
	return slices.Clip(append([]string(nil), e.After...))
}

func (b *builder) environment(n *node, e environment, out *readEnvironment) {
	b.accountsOf(n, e)
	here := b.level(e.Target, e.Components)
	// Regions are counted before they are looked at, as each is compared with all.
	if len(b.landings)+len(e.Regions)*max(1, len(e.Accounts))*max(1, len(b.components)) > mostLandings {
		b.rep.add(n.pos, Problem{Text: "too many components times places", Want: fmt.Sprintf("at most %d in the app", mostLandings)})
		return
	}
	unknown := placesUnknown(n)
	for _, s := range b.spots(n, e) {
		if unknown {
			continue // what is wrong in a place that is not known comes of that
		}
		out.Places = append(out.Places, s.Place)
		for _, c := range b.components {
			if l, ok := b.land(c, s, here); ok {
				b.landings, out.landings = append(b.landings, l), append(out.landings, l)
				out.Landings = append(out.Landings, l.Landing)
			}
		}
	}
	b.gates(e.Gates, out)
	b.freeze(e.Freeze, out)
	b.hooks(e.Hooks, out)
}

// placesUnknown reports whether the name, an account or a region of an environment
// is a variable that is not set.
func placesUnknown(n *node) bool {
	for _, key := range []string{"name", "account", "accounts"} {
		if n.get(key).isUnset() {
			return true
		}
	}
	regions := n.get("regions")
	if regions == nil {
		return false
	}
	return regions.isOneUnset() || slices.ContainsFunc(regions.items, func(r *node) bool {
		return r.isOneUnset() || r.get("name").isUnset() || r.get("account").isUnset()
	})
}

func (b *builder) level(target, components *node) level {
	l := level{all: b.targets(target), single: map[string]*node{}}
	var names []string
	for _, c := range b.components {
		names = append(names, c.Name)
	}
	for _, f := range b.named(components, "components") {
		if b.anyComponent {
			break
		}
		if !slices.Contains(names, f.name) {
			b.unknownName(f.at, "component", f.name, names)
		}
		var o override
		label := "component " + strconv.Quote(f.name)
		b.decode(f.node, &o, label)
		if t := b.oneTarget(o.Target, label); t != nil {
			l.single[f.name] = t
		}
	}
	return l
}

// accountsOf checks the accounts of an environment.
func (b *builder) accountsOf(n *node, e environment) {
	b.accountNamed(n.get("account"), e.Account)
	all := n.get("accounts")
	for i, name := range e.Accounts {
		b.accountNamed(all.item(i, len(e.Accounts)), name)
	}
	if n.has("account") && n.has("accounts") {
		b.rep.add(all.pos, Problem{Text: "account and accounts stand beside each other", Want: "one of the two"})
	}
}

// spots are the places of an environment: account by account, in the order of
// its regions.
func (b *builder) spots(n *node, e environment) []spot {
	accounts := e.Accounts
	if len(accounts) == 0 {
		accounts = []string{e.Account}
	}
	var spots []spot
	for i, account := range accounts {
		if n.has("regions") {
			e.Account = account
			spots = append(spots, b.regions(e, i > 0)...)
			continue
		}
		home := "local"
		if a, ok := b.file.App.Account(account); ok && a.Region != "" {
			home = a.Region
		}
		spots = append(spots, spot{Place: delivery.Place{Environment: e.Name, Account: account, Region: home}, at: n.pos})
	}
	return spots
}

// regions are the places in one account; what is wrong with a region is said
// of the first account only.
func (b *builder) regions(e environment, again bool) []spot {
	if again {
		quiet := *b
		quiet.rep = &report{file: b.rep.file, secrets: b.rep.secrets}
		b = &quiet
	}
	var spots []spot
	for i, r := range e.Regions {
		var reg region
		var lv level
		if name, ok := r.value.(string); ok {
			b.public[r] = true
			if reg.Name = name; !regionShape.MatchString(name) {
				b.rep.add(r.pos, Problem{Text: "region is " + r.got(), Got: r.got(), Want: nameWant})
			}
		} else {
			b.decode(r, &reg, fmt.Sprintf("regions[%d]", i))
			b.name(r, "name", "account")
			b.accountNamed(r.get("account"), reg.Account)
			if reg.Account != "" && len(e.Accounts) > 0 {
				b.rep.add(r.get("account").pos, Problem{Text: "a region with an account of its own", Want: "account in place of accounts at the environment"})
			}
			lv = b.level(reg.Target, reg.Components)
		}
		place := delivery.Place{Environment: e.Name, Account: cmp.Or(reg.Account, e.Account), Region: reg.Name}
		if j := slices.IndexFunc(spots, func(s spot) bool { return s.Place == place }); j >= 0 && reg.Name != "" {
			b.rep.add(r.pos, Problem{
				Text: fmt.Sprintf("region %q is there twice", reg.Name), Got: reg.Name,
				Want: fmt.Sprintf("a name of its own; it is on line %d already", spots[j].at.line),
			})
			continue
		}
		spots = append(spots, spot{place, r.pos, lv})
	}
	return spots
}
