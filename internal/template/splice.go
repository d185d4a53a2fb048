package template

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"falkirk/internal/fault"
)

// Span is where a value is written, in bytes.
type Span struct{ Offset, Length int }

// Locate finds where scalars are written in the text, and proves it: with a
// sample, which is JSON, put in the place of each, the text reads as the same
// tree with exactly these values changed. It fails where a scalar is not written
// simply.
func (t *Template) Locate(nodes []*yaml.Node, samples []string) ([]Span, error) {
	if t.Expanded {
		return nil, errors.New("the text is not what was read")
	}
	spans := make([]Span, len(nodes))
	lines := lineStarts(t.Text)
	for i, n := range nodes {
		var ok bool
		if spans[i], ok = t.span(n, lines); !ok {
			return nil, fmt.Errorf("line %d is not written simply", n.Line)
		}
	}
	return spans, t.prove(nodes, spans, samples)
}

// lineStarts are the offsets of the lines, as YAML 1.1 counts them.
func lineStarts(text []byte) []int {
	starts := []int{0}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		at += size
		switch r {
		case '\r':
			if at < len(text) && text[at] == '\n' {
				at++
			}
			starts = append(starts, at)
		case '\n', '\u0085', '\u2028', '\u2029':
			starts = append(starts, at)
		}
	}
	return starts
}

// span is where the reader says that a scalar is; prove decides.
func (t *Template) span(n *yaml.Node, lines []int) (Span, bool) {
	if n.Line < 1 || n.Line > len(lines) {
		return Span{}, false
	}
	at := lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(t.Text[at:])
		at += size
	}
	rest := t.Text[at:]
	length := 0
	switch {
	case n.Style == yaml.DoubleQuotedStyle && bytes.HasPrefix(rest, []byte(`"`)):
		length = doubleQuoted(rest)
	case n.Style == yaml.SingleQuotedStyle && bytes.HasPrefix(rest, []byte("'")):
		length = singleQuoted(rest)
	case n.Style == 0 && n.Value != "" && bytes.HasPrefix(rest, []byte(n.Value)):
		length = len(n.Value)
	}
	return Span{at, length}, length > 0
}

// doubleQuoted is the length of a text in double quotes; 0 without an end.
func doubleQuoted(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// singleQuoted is the length of a text in single quotes, where two of them are
// one; 0 without an end.
func singleQuoted(text []byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return 0
}

// prove reads the text with samples in it, and compares.
func (t *Template) prove(nodes []*yaml.Node, spans []Span, samples []string) error {
	replaced := map[*yaml.Node]*yaml.Node{}
	for i, n := range nodes {
		value, err := readJSON([]byte(samples[i]))
		if err != nil {
			return err
		}
		replaced[n] = value
	}
	text, err := Splice(t.Text, spans, func(i int) string { return samples[i] })
	if err != nil {
		return err
	}
	now, err := Parse("the template with samples in it", []byte(text))
	if err != nil {
		return err
	}
	if !Equal(now.Root, with(t.Root, replaced)) {
		return errors.New("the text does not read as expected with samples in it")
	}
	return nil
}

// with is a tree with some nodes replaced.
func with(n *yaml.Node, replaced map[*yaml.Node]*yaml.Node) *yaml.Node {
	if r, ok := replaced[n]; ok {
		return r
	}
	out := *n
	out.Content = make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out.Content[i] = with(c, replaced)
	}
	return &out
}

// Splice puts texts in the place of spans, which are in any order and do not
// overlap.
func Splice(text []byte, spans []Span, put func(i int) string) (string, error) {
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return spans[a].Offset - spans[b].Offset })
	var b strings.Builder
	at := 0
	for _, i := range order {
		s := spans[i]
		if s.Offset < at || s.Length < 0 || s.Offset+s.Length > len(text) {
			return "", fault.New(fault.Internal, "a value is not where it was packed")
		}
		b.Write(text[at:s.Offset])
		b.WriteString(put(i))
		at = s.Offset + s.Length
	}
	b.Write(text[at:])
	return b.String(), nil
}

// Rewritten is the same template written again: without aliases, and with the
// given scalars in double quotes on one line. It is read again and compared.
func (t *Template) Rewritten(name string, quoted []*yaml.Node) (*Template, error) {
	for _, n := range quoted {
		n.Style = yaml.DoubleQuotedStyle // without a tag that is written
	}
	var b bytes.Buffer
	dumper, err := yaml.NewDumper(&b, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err == nil {
		root := toWrite(t.Root, false)
		err = dumper.Dump(&yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}})
	}
	if err == nil {
		err = dumper.Close()
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "%s cannot be written again: %w", name, err)
	}
	out, err := Parse(name, b.Bytes())
	if err == nil && (out.Expanded || !Equal(out.Root, t.Root)) {
		err = errors.New("a value differs")
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "%s does not mean the same when it is written again: %w", name, err)
	}
	return out, nil
}

// toWrite is a copy of a tree, because Dump changes what it is given. A null
// without a text, which Dump makes an empty text in flow forms and in keys, gets one.
func toWrite(n *yaml.Node, explicit bool) *yaml.Node {
	out := *n
	if explicit && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" && n.Value == "" {
		out.Value = "null"
	}
	explicit = explicit || n.Style&yaml.FlowStyle != 0
	out.Content = make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0
		out.Content[i] = toWrite(c, explicit || isKey)
	}
	return &out
}
