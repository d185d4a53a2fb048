package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"falkirk/internal/delivery"
)

// readEnvironment is an environment with the nodes that it was read from.
type readEnvironment struct {
	delivery.Environment
	node     *node
	landings []landing
	gates    []*node // the settings of each gate, as written
	asked    []*node // each gate, as written
	frozen   []*node // each freeze window, as written
	hooks    []*node // the settings of each hook, as written
	hooked   []*node // each hook, as written
}

// Show writes the file as YAML after defaults and inheritance: every effective
// value in its place. What came from ${env:NAME} is shown as that text, and
// values under keys that look secret are masked. Where nothing is masked, the
// result is an app file of the same meaning.
func (f *File) Show() ([]byte, error) { return emit(f.effective, ""), nil }

// ShowOrigins is Show with a comment on every value that says which line of the
// file it came from, or that it is a default.
func (f *File) ShowOrigins() ([]byte, error) { return emit(f.effective, f.name), nil }

// ShowJSON is Show as JSON.
func (f *File) ShowJSON() (json.RawMessage, error) {
	raw, err := json.Marshal(f.effective.shownPlain())
	if err != nil {
		return nil, fmt.Errorf("write the app file as JSON: %w", err)
	}
	return raw, nil
}

// shownPlain is plain with the texts that Show writes.
func (n *node) shownPlain() any {
	switch {
	case n.shape == mapping:
		all := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			all[f.name] = f.node.shownPlain()
		}
		return all
	case n.shape == list:
		all := make([]any, len(n.items))
		for i, item := range n.items {
			all[i] = item.shownPlain()
		}
		return all
	case n.shown != "":
		return n.shown
	}
	return n.value
}

func (b *builder) show(root *node, doc document) *node {
	top := &node{shape: mapping}
	top.put("app", root.get("app"))
	top.put("store", told(root.get("store"), &node{shape: text, value: b.file.App.Store}))
	if account := root.get("storeAccount"); account != nil {
		top.put("storeAccount", account)
	}
	if made := root.get("storeBucket"); made != nil {
		top.put("storeBucket", told(made, made))
	}
	if version := root.get("version"); version != nil && version.shape == mapping {
		top.put("version", told(version, version))
	}
	if pin := root.get("falkirk"); pin != nil {
		top.put("falkirk", pin)
	}
	top.put("keep", orElse(root.get("keep"), &node{shape: integer, value: int64(doc.Keep)}))
	top.put("parallel", orElse(root.get("parallel"), &node{shape: integer, value: int64(doc.Parallel)}))
	if root.has("accounts") {
		accounts := root.get("accounts")
		top.put("accounts", told(accounts, accounts))
	}
	if groups := root.get("groups"); groups != nil {
		top.put("groups", told(groups, groups))
	}
	if ledger := root.get("ledger"); ledger != nil && ledger.shape == mapping {
		top.put("ledger", told(ledger, ledger))
	}
	components := &node{shape: mapping}
	for _, c := range b.components {
		one := &node{shape: mapping}
		one.put(c.Kind, effective(c.Settings, c.block))
		components.put(c.Name, one)
	}
	top.put("components", components)
	envs := &node{shape: list}
	for _, e := range b.read {
		envs.items = append(envs.items, showEnvironment(e, top))
	}
	top.put("environments", envs)
	if len(b.told) > 0 {
		notices := &node{shape: list}
		for _, n := range b.told {
			notices.items = append(notices.items, showNotice(n))
		}
		top.put("notices", notices)
	}
	if len(b.synced) > 0 {
		top.put("sync", b.showSyncs())
	}
	return top
}

func showEnvironment(e readEnvironment, app *node) *node {
	out := &node{shape: mapping}
	out.put("name", e.node.get("name"))
	after := &node{shape: list}
	for _, a := range e.After {
		after.items = append(after.items, &node{shape: text, value: a})
	}
	out.put("after", orElse(e.node.get("after"), after))
	if role := e.node.get("storeRole"); role != nil {
		out.put("storeRole", role)
	}
	out.put("protected", orElse(e.node.get("protected"), &node{shape: boolean, value: e.Protected}))
	out.put("keep", orElse(e.node.get("keep"), app.get("keep")))
	out.put("parallel", orElse(e.node.get("parallel"), app.get("parallel")))
	regions := &node{shape: list}
	for i, p := range e.Places {
		regions.items = append(regions.items, showRegion(e, i, p))
	}
	out.put("regions", regions)
	if len(e.Gates) > 0 {
		gates := &node{shape: list}
		for i, g := range e.Gates {
			gates.items = append(gates.items, showGate(g, e.asked[i], e.gates[i]))
		}
		out.put("gates", gates)
	}
	if len(e.Freeze) > 0 {
		out.put("freeze", showFreeze(e))
	}
	if len(e.Hooks) > 0 {
		hooks := &node{shape: list}
		for i, h := range e.Hooks {
			hooks.items = append(hooks.items, showHook(h, e.hooked[i], e.hooks[i]))
		}
		out.put("hooks", hooks)
	}
	for _, key := range []string{"soak", "newer", "wayBack"} {
		if e.node.has(key) {
			out.put(key, told(e.node.get(key), e.node.get(key)))
		}
	}
	return out
}

func showRegion(e readEnvironment, i int, p delivery.Place) *node {
	var written *node
	if all := e.node.get("regions"); all != nil && len(all.items) > 0 {
		written = all.items[i%len(all.items)] // account by account
	}
	name := written
	if written != nil && written.shape == mapping {
		name = written.get("name")
	}
	out := &node{shape: mapping}
	out.put("name", told(name, &node{shape: text, value: p.Region}))
	if p.Account != "" {
		from := orElse(written.get("account"), e.node.get("account"))
		if all := e.node.get("accounts"); all != nil {
			from = all
		}
		out.put("account", told(from, &node{shape: text, value: p.Account}))
	}
	components := &node{shape: mapping}
	for _, l := range e.landings {
		if l.Place == p {
			kind, target := &node{shape: mapping}, &node{shape: mapping}
			kind.put(l.Target, effective(l.Settings, l.block))
			target.put("target", kind)
			components.put(l.Component, target)
		}
	}
	out.put("components", components)
	return out
}

func showGate(g delivery.GateSetting, asked, block *node) *node {
	out := &node{shape: mapping}
	out.put("name", orElse(asked.get("name"), &node{shape: text, value: g.Name}))
	out.put("when", asked.get("when"))
	out.put("once", orElse(asked.get("once"), &node{shape: boolean, value: g.Once}))
	for _, key := range []string{"rollback", "for", "every"} {
		if asked.has(key) {
			out.put(key, told(asked.get(key), asked.get(key)))
		}
	}
	out.put(g.Kind, effective(g.Settings, block))
	return out
}

func showHook(h delivery.Hook, hooked, block *node) *node {
	out := &node{shape: mapping}
	out.put("name", orElse(hooked.get("name"), &node{shape: text, value: h.Name}))
	out.put("when", hooked.get("when"))
	out.put("if", orElse(hooked.get("if"), &node{shape: text, value: string(h.If)}))
	out.put("once", orElse(hooked.get("once"), &node{shape: boolean, value: h.Once}))
	out.put("repeat", orElse(hooked.get("repeat"), &node{shape: text, value: cmp.Or(string(h.Repeat), string(delivery.RepeatAlways))}))
	out.put(h.Kind, effective(h.Settings, block))
	return out
}

func (n *node) put(name string, v *node) {
	n.fields = append(n.fields, field{name: name, node: v})
}

func orElse(n, other *node) *node {
	if n == nil || n.shape == null {
		return other
	}
	return told(n, n)
}

var onlyEnv = regexp.MustCompile(`^(\$\{env:[A-Za-z_][A-Za-z0-9_]*\})+$`)

// told is an effective value as it may be shown, with the place and the text of
// the node that it came from.
func told(from, value *node) *node {
	out := *value
	if from != nil {
		out.pos, out.shown, out.secret = from.pos, from.shown, out.secret || from.secret
	} else {
		out.pos = pos{}
	}
	if out.secret && (out.shape == text || out.shape == integer || out.shape == float) && !onlyEnv.MatchString(out.shown) {
		out.shape, out.value, out.shown, out.masked = text, "***", "", value.value
	}
	out.fields, out.items = nil, nil
	for _, f := range value.fields {
		v := *f.node
		v.secret = out.secret || v.secret || looksSecret(f.name)
		out.put(f.name, told(from.get(f.name), &v))
	}
	for i, item := range value.items {
		v := *item
		v.secret = out.secret || v.secret
		out.items = append(out.items, told(from.item(i, len(value.items)), &v))
	}
	return &out
}

// item is the entry of a list of that length, or nil.
func (n *node) item(i, length int) *node {
	if n == nil || len(n.items) != length {
		return nil
	}
	return n.items[i]
}

// effective is the settings after defaults, each value with where it came from.
// A value that its type has rewritten is not found there; what of it came from
// the environment is put back by text.
func effective(raw json.RawMessage, block *node) *node {
	if raw == nil {
		return told(block, block) // it names a variable that is not set
	}
	value, err := fromJSON(raw)
	if err != nil {
		return &node{}
	}
	values := map[string]string{}
	block.environment(values)
	return told(block, value).withhold(values)
}

// environment collects what ${env:…} brought into a block.
func (n *node) environment(into map[string]string) {
	for i, value := range n.env {
		if value != "" {
			into[value] = envRef.FindAllString(n.shown, -1)[i]
		}
	}
	for _, f := range n.fields {
		f.node.environment(into)
	}
	for _, i := range n.items {
		i.environment(into)
	}
}

func (n *node) withhold(values map[string]string) *node {
	if s, ok := n.value.(string); ok && n.shown == "" && n.shape == text && n.line == 0 {
		escaped := strings.ReplaceAll(s, "${", "$${")
		for value, ref := range values {
			escaped = strings.ReplaceAll(escaped, value, ref)
		}
		n.shown = escaped
	}
	for _, f := range n.fields {
		f.node.withhold(values)
	}
	for _, i := range n.items {
		i.withhold(values)
	}
	return n
}
