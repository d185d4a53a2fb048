// Package template reads CloudFormation templates, YAML or JSON, as the AWS CLI
// and CloudFormation read them. It knows no file and asks AWS nothing.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"falkirk/internal/fault"
	"falkirk/internal/yamltext"
)

// Template is a template as it was read. No node of it is an alias.
type Template struct {
	Root     *yaml.Node // the mapping on top
	Text     []byte     // without a byte order mark
	Expanded bool       // the text has aliases or merge keys, and Root has what they stand for
	Repeated []string   // keys that a mapping has twice; the last one counts
}

// Parse reads a template. As in the AWS CLI, what is JSON is read as JSON.
func Parse(name string, text []byte) (*Template, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		at := yamltext.Odd(text)
		err := fault.New(fault.Invalid, "%s:%d:%d: %s: %s is not UTF-8 text", name, at.Line, at.Column, strings.TrimSuffix(at.Text, " is not UTF-8"), name)
		return nil, fault.Hint(err, "save it as UTF-8")
	}
	t := &Template{Text: text}
	var err error
	if json.Valid(text) {
		t.Root, err = readJSON(text)
	} else {
		err = t.readYAML(name, mostPairs)
	}
	if err != nil {
		return nil, err
	}
	if t.Root.Kind != yaml.MappingNode {
		return nil, fault.New(fault.Invalid, "%s is not a template: it is no mapping", name)
	}
	t.Repeated = repeated(t.Root, "", nil)
	return t, nil
}

// mostPairs bounds the pairs of surrogates in a template: each is one more time to
// read it.
const mostPairs = 1000

func (t *Template) readYAML(name string, pairs int) error {
	loader, err := yaml.NewLoader(bytes.NewReader(t.Text))
	if err != nil {
		return fault.New(fault.Internal, "read %s: %w", name, err)
	}
	var doc, more yaml.Node
	if err := loader.Load(&doc); err != nil && !errors.Is(err, io.EOF) {
		var load *yaml.LoadError
		if errors.As(err, &load) {
			if text, ok := joinPair(t.Text, load.Mark); ok && pairs > 0 {
				t.Text = text
				return t.readYAML(name, pairs-1)
			}
			if one := halfAt(t.Text, load.Mark); one != "" {
				err := fault.New(fault.Invalid, "%s:%d:%d: %s is half of a pair of surrogates, and no character", name, load.Mark.Line, load.Mark.Column, one)
				return fault.Hint(err, "write both halves, or the character itself")
			}
		}
		return unreadable(name, t.Text, err)
	}
	if len(doc.Content) == 0 {
		return fault.New(fault.Invalid, "%s is not a template: it is empty", name)
	}
	if err := loader.Load(&more); !errors.Is(err, io.EOF) {
		if err != nil {
			return unreadable(name, t.Text, err)
		}
		return fault.New(fault.Invalid, "%s is not a template: it has more than one document", name)
	}
	e := expander{open: map[*yaml.Node]bool{}}
	if t.Root, err = e.expand(doc.Content[0]); err != nil {
		return fault.New(fault.Invalid, "%s: %w", name, err)
	}
	t.Expanded = e.changed
	return nil
}

// unreadable names the line and column of an error in the syntax. The library has
// none for a character that YAML does not take.
func unreadable(name string, text []byte, err error) error {
	var load *yaml.LoadError
	if errors.As(err, &load) {
		if at := yamltext.Odd(text); load.Mark.Line == 0 && at != nil {
			err := fault.New(fault.Invalid, "%s:%d:%d: %s, which YAML does not take", name, at.Line, at.Column, at.Text)
			return fault.Hint(err, "remove it, or write it as an escape in a text with double quotes")
		}
		return fault.New(fault.Invalid, "%s:%d:%d: %s", name, load.Mark.Line, load.Mark.Column, load.Message)
	}
	return fault.New(fault.Invalid, "%s cannot be read: %w", name, err)
}

// Child is the value of a key of a mapping, the last one where it is repeated;
// nil where there is none.
func Child(n *yaml.Node, key string) *yaml.Node {
	var found *yaml.Node
	for k, v := range Entries(n) {
		if k == key {
			found = v
		}
	}
	return found
}

// Line is the line of a key of a section; 0 where there is none.
func (t *Template) Line(section, key string) int {
	n := Child(t.Root, section)
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i].Line
		}
	}
	return 0
}

// Entries are the keys of a mapping with their values, as they are written.
func Entries(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// Last are the entries that count: of a repeated key, the last one.
func Last(n *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	last := map[string]*yaml.Node{}
	for key, v := range Entries(n) {
		last[key] = v
	}
	return func(yield func(string, *yaml.Node) bool) {
		for key, v := range Entries(n) {
			if last[key] == v && !yield(key, v) {
				return
			}
		}
	}
}

// String is the value of a text; false for everything else, as for numbers and
// for functions such as !Ref.
func String(n *yaml.Node) (string, bool) {
	if n == nil || n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", false
	}
	return n.Value, true
}

// repeated adds the keys that a mapping has more than once, with their places.
func repeated(n *yaml.Node, where string, all []string) []string {
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			all = repeated(item, fmt.Sprintf("%s[%d]", where, i), all)
		}
		return all
	}
	lines := map[string]int{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		path := key.Value
		if where != "" {
			path = where + "." + key.Value
		}
		if first, ok := lines[key.Value]; ok {
			all = append(all, fmt.Sprintf("%s is in lines %d and %d; the last one counts", path, first, key.Line))
		}
		lines[key.Value] = key.Line
		all = repeated(n.Content[i+1], path, all)
	}
	return all
}

// Equal reports whether two trees mean the same: kinds, tags and values, in
// their order. How they are written does not count.
func Equal(a, b *yaml.Node) bool {
	tag := a.ShortTag()
	if a.Kind != b.Kind || tag != b.ShortTag() || a.Value != b.Value && tag != "!!null" || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !Equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
