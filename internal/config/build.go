package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// builder turns the nodes of a file into a delivery.App.
type builder struct {
	rep     *report
	kinds   Kinds
	lazy    bool                         // see Open
	outside func(delivery.App) []Finding // see Check; may be nil
	file    *File
	public  map[*node]bool // scalars that name things: shown everywhere, so no secrets

	components []component
	landings   []landing
	read       []readEnvironment
	told       []readNotice
	synced     []*node
	addresses  []string // of channels; they are secrets
	values     int      // in the settings of all landings
	unsure     bool     // a target is misspelt: that one is missing says nothing

	anyAccount, anyComponent, anyEnvironment bool // names are not known, as a variable is not set: any may be right

	nobody delivery.Unusable // why groups cannot be used
}

func (b *builder) decoder() decoder { return decoder{rep: b.rep} }

func (b *builder) decode(n *node, into any, label string) {
	b.decoder().into(n, reflect.ValueOf(into).Elem(), label, rule{})
}

// build goes on after every problem, so that all are found.
func (b *builder) build(root *node) {
	doc := document{Store: "file://.falkirk", Keep: 2, Parallel: 8, Lock: lock(delivery.DefaultLock())}
	b.decodeLazy(root, &doc, "the file")
	if root.shape != mapping {
		return
	}
	b.needed(root, "app", "falkirk", "store", "storeAccount")
	b.name(root, "app", "falkirk")
	b.file.Falkirk = doc.Falkirk
	app := &b.file.App
	app.Name, app.Store, app.StoreAccount = doc.App, b.store(doc), doc.StoreAccount
	app.StoreBucket = delivery.StoreBucket(doc.StoreBucket)
	app.VersionTags = doc.Version.Tags
	app.Lock = b.lock(root.get("lock"), doc.Lock)
	b.anyAccount, b.anyComponent = doc.Accounts.isOneUnset(), doc.Components.isOneUnset()
	b.anyEnvironment = namesUnset(root.get("environments"))
	b.accounts(doc.Accounts)
	b.accountNamed(root.get("storeAccount"), doc.StoreAccount)
	b.name(root, "storeAccount")
	b.groups(doc.Groups)
	b.ledger(doc.Ledger)
	b.readComponents(doc.Components)
	b.environments(root, doc)
	b.storeRoles()
	b.sameAccounts(doc.Accounts)
	b.partitions(doc.Accounts)
	b.notices(doc.Notices)
	b.syncs(doc.Sync)
	b.misplaced(root, nil)
	b.outputs()
	b.order()
	b.together()
	b.lookOutside(root)
	if len(b.rep.list) == 0 {
		b.file.effective = b.show(root, doc)
		b.file.Secrets = slices.Compact(slices.Concat(b.addresses, b.secrets(root)))
	}
}

// name notes that the values under a key are names.
func (b *builder) name(n *node, keys ...string) {
	for _, key := range keys {
		if v := n.get(key); v != nil {
			b.public[v] = true
			for _, item := range v.items {
				b.public[item] = true
			}
		}
	}
}

// secrets lists what came from the environment, without names and without what
// is too common to be hidden.
func (b *builder) secrets(root *node) []string {
	found := map[string]bool{}
	var walk func(*node)
	walk = func(n *node) {
		for _, s := range n.env {
			if !common(s) && !b.public[n] {
				found[s] = true
			}
		}
		for _, i := range n.items {
			walk(i)
		}
		for _, f := range n.fields {
			walk(f.node)
		}
	}
	walk(root)
	var all []string
	for s := range found {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, c string) int {
		return cmp.Or(cmp.Compare(len(c), len(a)), strings.Compare(a, c))
	})
	return all
}

// common reports whether a value is found in any text, so that hiding it would
// garble messages and keep nothing secret: short ones, truth values, ports.
func common(s string) bool {
	_, notBool := strconv.ParseBool(s)
	_, notNumber := strconv.Atoi(s)
	return len(s) < 4 || notBool == nil || (notNumber == nil && len(s) < 8)
}

// settings decodes and checks one whole block of a kind; nil when it is wrong, or
// cannot be used because of its variables.
func (b *builder) settings(k Kind, block *node, label string) (raw json.RawMessage, why delivery.Unusable) {
	why = b.contained(func() { raw = b.checked(k, block, label) }, block)
	if why != "" {
		raw = nil
	}
	return raw, why
}

func (b *builder) checked(k Kind, block *node, label string) json.RawMessage {
	if block.shape == null {
		block = &node{pos: block.pos, shape: mapping}
	}
	value := k.New()
	before := b.rep.told
	b.decodeLazy(block, value, label)
	if b.rep.told > before || block.isUnset() {
		return nil
	}
	if c, ok := value.(checker); ok {
		b.problems(block, c.Check())
	}
	if w, ok := value.(warner); ok {
		for _, p := range w.Warnings() {
			b.rep.warn(at(block, p.Path), Problem{Text: pathed(p.Path, p.Text), Want: p.Want})
		}
	}
	raw, err := settingsJSON(k, block, value)
	if err != nil {
		b.rep.add(block.pos, Problem{Text: fmt.Sprintf("%s: %v", label, err)})
		return nil
	}
	return raw
}

// problems reports what a kind says of its block.
func (b *builder) problems(block *node, found []fault.Problem) {
	for _, p := range found {
		if slices.ContainsFunc(block.find(p.Path).late, isLater) {
			continue // its value is not known yet
		}
		b.rep.add(at(block, p.Path), Problem{Text: pathed(p.Path, p.Text), Got: block.find(p.Path).got(), Want: p.Want})
	}
}

// partial checks one level of a block that is merged from several.
func (b *builder) partial(k Kind, block *node, label string) {
	if block.shape == null {
		return
	}
	d := decoder{rep: b.rep, partial: true, lazy: true}
	_ = b.contained(func() { d.into(block, reflect.ValueOf(k.New()).Elem(), label, rule{}) }, block) // said of each landing
}

// at is the place of the value that a path leads to, or of the last that is there.
func at(block *node, path []string) pos {
	found := block.find(path)
	return found.pos
}

func pathed(path []string, text string) string {
	if len(path) == 0 {
		return text
	}
	return fault.PathOf(path) + ": " + text
}

// named checks the keys of a mapping that are names, and yields its entries.
func (b *builder) named(n *node, label string) []field {
	if n == nil || n.shape == null {
		return nil
	}
	if n.shape != mapping {
		b.decoder().mismatch(n, label, "a mapping")
		return nil
	}
	return n.fields
}

func (b *builder) accounts(n *node) {
	for _, f := range b.named(n, "accounts") {
		b.checkName(f, "account")
		var a account
		if f.node.shape == null {
			f.node = &node{pos: f.at, shape: mapping}
		}
		b.name(f.node, "id", "role", "via", "region", "endpoint")
		why := b.contained(func() {
			b.decodeLazy(f.node, &a, "account "+strconv.Quote(f.name))
			if b.unset(f.node) == "" {
				b.sound(f, a)
			}
		}, f.node)
		if why != "" {
			b.file.App.Accounts = append(b.file.App.Accounts, delivery.Account{Name: f.name, Unusable: why})
			continue
		}
		b.file.App.Accounts = append(b.file.App.Accounts, delivery.Account{
			Name: f.name, ID: a.ID, Via: a.Via, Role: a.Role, ExternalID: a.ExternalID,
			Duration: a.Duration, Tags: a.Tags, Region: a.Region, Endpoint: a.Endpoint, External: f.node.get("externalId").written()[""],
		})
	}
}

// sound checks what does not go together in one account.
func (b *builder) sound(f field, a account) {
	if d := a.Duration.Std(); d != 0 && (d < 15*time.Minute || d > 12*time.Hour) {
		n := f.node.get("duration")
		b.rep.add(n.pos, Problem{Text: fmt.Sprintf("a session of %s", a.Duration), Got: n.got(), Want: "from 15m to 12h"})
	}
	for key, given := range map[string]bool{"via": len(a.Via) > 0, "externalId": a.ExternalID != "", "tags": len(a.Tags) > 0} {
		if given && a.Role == "" {
			b.rep.add(f.node.get(key).pos, Problem{Text: fmt.Sprintf("account %q has %s and no role", f.name, key), Want: "role: the one that is assumed in the account"})
		}
	}
	if id := roleAccount(a.Role); id != "" && a.ID != "" && id != a.ID {
		n := f.node.get("role")
		b.rep.add(n.pos, Problem{Text: fmt.Sprintf("account %q is %s, and its role is in %s", f.name, a.ID, id), Got: n.got(), Want: "a role in the account itself; those of others go under via"})
	}
}

// roleAccount is the account in the ARN of a role.
func roleAccount(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

func (b *builder) checkName(f field, what string) {
	if !nameShape.MatchString(f.name) {
		b.rep.add(f.at, Problem{Text: fmt.Sprintf("%q is not a name for a %s", shorten(f.name), what), Got: shorten(f.name), Want: nameWant})
	}
}

// accountNamed checks a reference into accounts.
func (b *builder) accountNamed(at *node, name string) {
	if name == "" || b.anyAccount {
		return
	}
	var names []string
	for _, a := range b.file.App.Accounts {
		names = append(names, a.Name)
	}
	if !slices.Contains(names, name) {
		b.unknownName(at.pos, "account", name, names)
	}
}

// unknownName says that a reference leads nowhere.
func (b *builder) unknownName(at pos, what, name string, known []string) {
	if len(b.rep.list) >= mostProblems {
		return // looking for the nearest of many would be for nothing
	}
	p := Problem{Text: fmt.Sprintf("no %s %q", what, shorten(name)), Got: shorten(name), Suggest: nearest(name, known)}
	if p.Suggest == "" && len(known) > 0 {
		p.Want = oneOf(known)
	}
	b.rep.add(at, p)
}

// isWrong reports whether a problem is told of a value in a block already.
func (b *builder) isWrong(n *node) bool {
	told := slices.ContainsFunc(b.rep.list, func(p Problem) bool { return p.Line == n.line && p.Column == n.col })
	inField := func(f field) bool { return b.isWrong(f.node) }
	return told || slices.ContainsFunc(n.items, b.isWrong) || slices.ContainsFunc(n.fields, inField)
}

// together asks each kind of target what does not fit between its landings. A
// landing with a problem of its own is left out, so that the others are told at once.
func (b *builder) together() {
	for _, k := range b.kinds.Targets {
		if k.Place == nil {
			continue
		}
		var mine []landing
		var given []delivery.Landing
		for _, l := range b.landings {
			if l.Target == k.Name && l.Unusable == "" && !b.isWrong(l.block) {
				mine, given = append(mine, l), append(given, l.Landing)
			}
		}
		for _, found := range k.Place(given) {
			if found.Landing < 0 || found.Landing >= len(mine) {
				continue
			}
			l, p := mine[found.Landing], found.Problem
			text := fmt.Sprintf("component %q: %s", l.Component, p.Text)
			why := b.contained(func() {
				b.rep.add(at(l.block, p.Path), Problem{Text: text, Got: l.block.find(p.Path).got(), Want: p.Want})
			}, blocks(mine)...)
			b.file.App.SetUnusable(l.Landing, why)
		}
	}
}
