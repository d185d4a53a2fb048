package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// readJSON makes the same tree of JSON as there is of YAML, with the line and
// the column of each value. The text is valid JSON.
func readJSON(text []byte) (*yaml.Node, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	r := &jsonReader{d: d, text: text, line: 1}
	return r.value()
}

type jsonReader struct {
	d    *json.Decoder
	text []byte
	at   int // where line begins counting
	line int
	from int // where the line begins
}

func (r *jsonReader) value() (*yaml.Node, error) {
	token, n, err := r.next()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		n.Style, n.Kind, n.Tag = yaml.FlowStyle, yaml.MappingNode, "!!map"
		if v == '[' {
			n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
		}
		return n, r.content(n)
	case string:
		n.Value, n.Tag, n.Style = v, "!!str", yaml.DoubleQuotedStyle
	case json.Number:
		n.Value, n.Tag = v.String(), "!!int"
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Value, n.Tag = "false", "!!bool"
		if v {
			n.Value = "true"
		}
	case nil:
		n.Value, n.Tag = "null", "!!null"
	}
	return n, nil
}

// content reads what is in an object or a list, and its end.
func (r *jsonReader) content(n *yaml.Node) error {
	for r.d.More() {
		child, err := r.value()
		if err != nil {
			return err
		}
		n.Content = append(n.Content, child)
	}
	_, err := r.d.Token()
	return err
}

// next is a token, and a scalar node at its place.
func (r *jsonReader) next() (json.Token, *yaml.Node, error) {
	at := int(r.d.InputOffset())
	token, err := r.d.Token()
	if err != nil {
		return nil, nil, err
	}
	skip := bytes.IndexFunc(r.text[at:], func(c rune) bool { return !strings.ContainsRune(" \t\r\n,:", c) })
	if skip < 0 {
		return nil, nil, errors.New("a token without a text")
	}
	at += skip
	for ; r.at < at; r.at++ {
		if r.text[r.at] == '\n' {
			r.line, r.from = r.line+1, r.at+1
		}
	}
	return token, &yaml.Node{Kind: yaml.ScalarNode, Line: r.line, Column: utf8.RuneCount(r.text[r.from:at]) + 1}, nil
}
