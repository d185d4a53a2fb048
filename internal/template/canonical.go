package template

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// canonical is a text that is the same for values which mean the same to
// CloudFormation: keys in any order, functions in their long or short form.
func canonical(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	if name, arg := function(n); name != "" {
		return "!" + name + " " + argument(name, arg)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return "null"
		}
		if _, ok := String(n); !ok {
			return n.Value // as it is written: 1 is not "1"
		}
		return quote(n.Value)
	case yaml.SequenceNode:
		return list(n)
	}
	last := map[string]string{}
	for key, v := range Entries(n) {
		last[key] = canonical(v)
	}
	var pairs []string
	for key, v := range last {
		pairs = append(pairs, quote(key)+":"+v)
	}
	slices.Sort(pairs)
	return "{" + strings.Join(pairs, ",") + "}"
}

// argument is that of a function; the two forms of GetAtt are one.
func argument(name string, arg *yaml.Node) string {
	switch {
	case arg.Kind == yaml.ScalarNode:
		return arg.Value
	case arg.Kind == yaml.SequenceNode && name == "GetAtt" && !slices.ContainsFunc(arg.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }):
		var parts []string
		for _, c := range arg.Content {
			parts = append(parts, c.Value)
		}
		return strings.Join(parts, ".")
	case arg.Kind == yaml.SequenceNode:
		return list(arg)
	}
	plain := *arg
	plain.Tag = "!!map"
	return canonical(&plain)
}

func list(n *yaml.Node) string {
	var items []string
	for _, c := range n.Content {
		items = append(items, canonical(c))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func quote(s string) string {
	raw, _ := json.Marshal(s) // a text can be written
	return string(raw)
}
