package config

import (
	"strconv"
	"strings"

	"falkirk/internal/delivery"
)

// written lists the texts of a block that have ${env:NAME} in them, by their path.
// Exported scripts read the variables instead of having their values.
func (n *node) written() map[string]delivery.Written {
	all := map[string]delivery.Written{}
	if n != nil {
		n.collect("", all)
	}
	return all
}

func (n *node) collect(path string, into map[string]delivery.Written) {
	if len(n.parts) > 0 {
		into[path] = n.parts
	}
	for _, f := range n.fields {
		f.node.collect(strings.TrimPrefix(path+"."+f.name, "."), into)
	}
	for i, item := range n.items {
		item.collect(strings.TrimPrefix(path+"."+strconv.Itoa(i), "."), into)
	}
}
