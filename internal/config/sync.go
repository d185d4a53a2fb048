package config

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// syncs reads the jobs of falkirk sync.
func (b *builder) syncs(nodes []*node) {
	first := map[string]pos{}
	for i, n := range nodes {
		label := fmt.Sprintf("sync[%d]", i)
		if n.shape != mapping {
			b.decoder().mismatch(n, label, "a mapping")
			continue
		}
		raw, why := b.settings(b.kinds.Sync, n, label)
		b.name(n, "name", "source", "destination", "account", "repositories", "tags", "platforms")
		name := "images"
		at := n.pos
		if v := n.get("name"); v != nil && v.shape == text && v.unset == "" {
			name, at = fmt.Sprint(v.value), v.pos
		}
		if before, twice := first[name]; twice {
			b.rep.add(at, Problem{Text: fmt.Sprintf("sync %q is there twice", name), Got: name, Want: fmt.Sprintf("a name of its own; it is on line %d already", before.line)})
		}
		first[name] = at
		if reached := b.contained(func() { b.accountOf(n, raw) }, n); why == "" && reached != "" {
			raw, why = nil, reached
		}
		b.synced = append(b.synced, n)
		b.file.App.Syncs = append(b.file.App.Syncs, delivery.SyncSetting{Name: name, Settings: raw, Unusable: why})
	}
}

// accountOf checks the account that a job names.
func (b *builder) accountOf(n *node, raw json.RawMessage) {
	var named struct {
		Account string `json:"account"`
	}
	if raw != nil && json.Unmarshal(raw, &named) == nil {
		b.accountNamed(n.get("account"), named.Account)
	}
}

func (b *builder) showSyncs() *node {
	all := &node{shape: list}
	for i, s := range b.file.App.Syncs {
		all.items = append(all.items, effective(s.Settings, b.synced[i]))
	}
	return all
}

// Jobs is a file of jobs of falkirk sync.
type Jobs struct {
	Syncs     []delivery.SyncSetting
	Decisions *Decisions // nil: no decision holds the jobs back
}

// Decisions names the app whose stop and bans hold the jobs of a file back.
type Decisions struct {
	App     string
	Store   string // URL
	Region  string // of the bucket; may be empty
	Signers string // text of the list of signers; empty: signatures are not checked
}

// LoadJobs reads a file of jobs. Its errors are like those of Load; no job in it
// names an account, because the file has none.
func LoadJobs(path string, kinds Kinds, getenv func(string) (string, bool)) (Jobs, error) {
	raw, err := read(path)
	if fault.Is(err, fault.NotFound) {
		return Jobs{}, fault.Hint(fault.New(fault.NotFound, "no file of jobs %s", path), "it holds the list sync, as falkirk schema describes it")
	}
	if err != nil {
		return Jobs{}, err
	}
	out := Jobs{}
	rep := &report{file: path, secrets: map[string]string{}}
	b := &builder{rep: rep, kinds: kinds, public: map[*node]bool{}, file: &File{Path: path, name: filepath.Base(path)}}
	b.file.App.Root = filepath.Dir(path)
	switch root := parse(raw, rep, getenv, false); {
	case root == nil:
	case root.shape != mapping:
		rep.add(pos{1, 1}, Problem{Text: "the file holds no jobs", Want: "a list with the name sync"})
	default:
		var doc jobs
		b.decode(root, &doc, "the file")
		b.syncs(doc.Sync)
		out.Decisions = b.decisions(doc.Decisions)
	}
	rep.explain()
	if len(rep.list) > 0 {
		return Jobs{}, fault.Hint(fault.New(fault.Invalid, "%w", rep.list.sorted()), "%s; falkirk schema describes the list sync", rep.list.unusable().Next())
	}
	out.Syncs = b.file.App.Syncs
	return out, nil
}

// decisions reads the block decisions of a file of jobs; nil where there is none.
func (b *builder) decisions(n *node) *Decisions {
	if n == nil {
		return nil
	}
	var d decisions
	b.decode(n, &d, "decisions")
	d.Store = b.store(document{Store: d.Store})
	out := Decisions(d)
	return &out
}
