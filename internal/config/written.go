package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/delivery"
)

// written lists the texts of a block that have ${env:NAME} or $${ in them, by their
// path. Exported scripts read the variables instead of having their values.
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

// literal stands for the $ of a ${ in which nothing is filled in. It is in no app file
// and in no variable.
const literal = "\x00"

// looksLate finds what a reference would be.
var looksLate = regexp.MustCompile(`\$\{(place|artifact|release|stack)\.`)

// escaped is the block with that mark in what was written as $${ and in the values of
// variables; false where there is no such text.
func (n *node) escaped() (*node, bool) {
	out := *n
	text, _ := n.value.(string)
	found := slices.ContainsFunc(n.parts, delivery.Part.IsFixed) && looksLate.MatchString(text)
	if found {
		parts := slices.Clone(n.parts)
		for i, p := range parts {
			if p.IsFixed() {
				parts[i].Text = strings.ReplaceAll(p.Text, "${", literal+"{")
			}
		}
		out.value = parts.Value()
	}
	out.fields, out.items = nil, nil
	for _, f := range n.fields {
		v, has := f.node.escaped()
		out.fields, found = append(out.fields, field{f.name, f.at, v}), found || has
	}
	for _, i := range n.items {
		v, has := i.escaped()
		out.items, found = append(out.items, v), found || has
	}
	return &out, found
}

// settingsJSON is the checked value of a block as JSON. References in the settings are found
// in this text: what is no reference has \u0024 for its $.
func settingsJSON(k Kind, block *node, value any) (json.RawMessage, error) {
	marked, found := block.escaped()
	if !found {
		return json.Marshal(value)
	}
	rep, again := &report{}, k.New()
	decoder{rep: rep, lazy: true}.into(marked, reflect.ValueOf(again).Elem(), "", rule{})
	if rep.told > 0 {
		return json.Marshal(value) // the mark does not fit there, and neither does a reference
	}
	raw, err := json.Marshal(again)
	return bytes.ReplaceAll(raw, []byte(`\u0000{`), []byte(`\u0024{`)), err
}
