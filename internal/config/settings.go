package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"falkirk/internal/delivery"
)

// Setting is one effective value of an environment. Shown is what Show writes
// of it; Value is what it is, and must not be shown.
type Setting struct {
	Place     delivery.Place // of a component's setting; else zero
	Component string         // "" for a setting of the environment itself
	Key       string         // path: "local.port", "gates.smoke.http.path"
	Shown     string
	Value     string
}

// Settings lists what an environment is set to after defaults and inheritance:
// its own settings, then those of each component in each place.
func (f *File) Settings(environment string) []Setting {
	var out []Setting
	for _, e := range f.effective.get("environments").items {
		if fmt.Sprint(e.get("name").value) != environment {
			continue
		}
		for _, own := range e.fields {
			if own.name != "name" && own.name != "after" && own.name != "regions" {
				own.node.flatten(own.name, func(key, shown, value string) {
					out = append(out, Setting{Key: key, Shown: shown, Value: value})
				})
			}
		}
		var regions []string
		for _, r := range e.get("regions").items {
			p := delivery.Place{Environment: environment, Region: fmt.Sprint(r.get("name").value)}
			if a := r.get("account"); a != nil {
				p.Account = fmt.Sprint(a.value)
			}
			regions = append(regions, p.Region)
			for _, c := range r.get("components").fields {
				c.node.get("target").flatten("", func(key, shown, value string) {
					out = append(out, Setting{Place: p, Component: c.name, Key: key, Shown: shown, Value: value})
				})
			}
		}
		all := strings.Join(regions, " ")
		out = append(out, Setting{Key: "regions", Shown: all, Value: all})
	}
	return out
}

// LooksSecret reports whether something of this name must not be shown.
func LooksSecret(name string) bool { return looksSecret(name) }

// flatten tells the leaves of a node. A list of plain values is one leaf; the
// items of other lists go by their names, or their numbers.
func (n *node) flatten(at string, tell func(key, shown, value string)) {
	below := func(key string) string {
		if at == "" {
			return key
		}
		return at + "." + key
	}
	switch {
	case n == nil:
	case n.shape == mapping:
		for _, f := range n.fields {
			f.node.flatten(below(f.name), tell)
		}
	case n.shape == list && n.nested():
		for i, item := range n.items {
			name := strconv.Itoa(i + 1)
			if own := item.get("name"); own != nil {
				name = fmt.Sprint(own.value)
			}
			item.flatten(below(name), tell)
		}
	default:
		tell(at, asText(n.shownPlain()), asText(n.truth()))
	}
}

func (n *node) nested() bool {
	for _, i := range n.items {
		if i.shape == mapping || i.shape == list {
			return true
		}
	}
	return false
}

// truth is the value without anything masked.
func (n *node) truth() any {
	switch {
	case n.shape == list:
		all := make([]any, len(n.items))
		for i, item := range n.items {
			all[i] = item.truth()
		}
		return all
	case n.masked != nil:
		return n.masked
	}
	return n.value
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // what a file can hold is JSON
	}
	return string(raw)
}
