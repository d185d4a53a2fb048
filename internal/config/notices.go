package config

import (
	"slices"

	"falkirk/internal/delivery"
)

// readNotice is a notice with the nodes that it was read from.
type readNotice struct {
	delivery.NoticeSetting
	node, block *node
}

// notices reads who is told of what. An address is a secret, for it lets
// whoever knows it speak in the channel.
func (b *builder) notices(nodes []*node) {
	var n notice
	var head delivery.Unusable
	read := func(at *node, label string) *string {
		n = notice{}
		head = b.contained(func() {
			b.decodeLazy(at, &n, label)
			b.known(at, n.Environments)
		}, at)
		return &n.Name
	}
	b.asking(nodes, "notice", b.kinds.Notices, []string{"name", "on", "environments"}, read, func(k Kind, at, block *node) {
		b.name(at, "on", "environments")
		for i, f := range block.fields {
			if f.name == "url" || looksSecret(f.name) {
				block.fields[i].node = f.node.hidden()
				b.rep.hide(block.fields[i].node)
				if s, ok := f.node.value.(string); ok && f.node.unset == "" {
					b.addresses = append(b.addresses, s)
				}
			}
		}
		raw, why := b.settings(k, block, k.Name)
		if head != "" {
			raw, why = nil, head
		}
		s := delivery.NoticeSetting{Name: n.Name, Kind: k.Name, Environments: n.Environments, Settings: raw, Unusable: why}
		for _, t := range n.On {
			s.On = append(s.On, delivery.Topic(t))
		}
		b.told = append(b.told, readNotice{s, at, block})
		b.file.App.Notices = append(b.file.App.Notices, s)
	})
}

// known checks names of environments, wherever in the file they stand.
func (b *builder) known(at *node, names []string) {
	var all []string
	for _, e := range b.file.App.Environments {
		all = append(all, e.Name)
	}
	if b.anyEnvironment {
		return
	}
	items := at.get("environments")
	for i, name := range names {
		if !slices.Contains(all, name) && items != nil && i < len(items.items) && items.items[i].unset == "" {
			b.unknownName(items.items[i].pos, "environment", name, all)
		}
	}
}

func showNotice(r readNotice) *node {
	out := &node{shape: mapping}
	out.put("name", orElse(r.node.get("name"), &node{shape: text, value: r.Name}))
	for _, key := range []string{"on", "environments"} {
		if r.node.has(key) {
			out.put(key, told(r.node.get(key), r.node.get(key)))
		}
	}
	out.put(r.Kind, effective(r.Settings, r.block))
	return out
}
