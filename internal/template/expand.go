package template

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// mostNodes is far above what a template has, and below what aliases of aliases
// make of a small one.
const mostNodes = 200_000

// expander puts what aliases and merge keys stand for in their place.
// CloudFormation takes neither; the AWS CLI expands both.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
type expander struct {
	changed bool
	nodes   int
	open    map[*yaml.Node]bool // the anchors that are being expanded
}

func (e *expander) expand(n *yaml.Node) (*yaml.Node, error) {
	if e.nodes++; e.nodes > mostNodes {
		return nil, errors.New("it has too many values, as aliases of aliases make them")
	}
	if n.Kind == yaml.AliasNode {
		e.changed = true
		return e.alias(n)
	}
	out := *n
	out.Anchor, out.Content = "", nil
	if n.Anchor != "" { // an anchor in the text is refused, too, where nothing names it
		e.changed = true
		e.open[n] = true
		defer delete(e.open, n)
	}
	for _, c := range n.Content {
		child, err := e.expand(c)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, child)
	}
	return &out, e.merge(&out)
}

func (e *expander) alias(n *yaml.Node) (*yaml.Node, error) {
	if e.open[n.Alias] {
		return nil, fmt.Errorf("line %d: alias *%s leads to itself", n.Line, n.Value)
	}
	out, err := e.expand(n.Alias)
	if err != nil {
		return nil, err
	}
	out.Line, out.Column = n.Line, n.Column // an error names where it is used
	out.HeadComment, out.LineComment, out.FootComment = n.HeadComment, n.LineComment, n.FootComment
	return out, nil
}

// merge puts the keys of "<<" before those of the mapping, which count more.
func (e *expander) merge(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	var merged, own []*yaml.Node
	has := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			own = append(own, n.Content[i], n.Content[i+1])
			has[n.Content[i].Value] = true
		}
	}
	if len(own) == len(n.Content) {
		return nil
	}
	e.changed = true
	for i := len(n.Content) - 2; i >= 0; i -= 2 { // of two, the later one counts, as in the AWS CLI
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if from[0].Kind == yaml.SequenceNode {
			from = from[0].Content
		}
		for _, m := range from {
			if m.Kind != yaml.MappingNode {
				return fmt.Errorf("line %d: << is no mapping", n.Content[i].Line)
			}
			merged = appendNew(merged, m, has)
		}
	}
	n.Content = append(merged, own...)
	return nil
}

// appendNew adds the keys of a mapping that are not there yet, with the values that
// count: of a repeated key, the last one.
func appendNew(merged []*yaml.Node, m *yaml.Node, has map[string]bool) []*yaml.Node {
	last := map[string]*yaml.Node{}
	for key, v := range Entries(m) {
		last[key] = v
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if key, v := m.Content[i], m.Content[i+1]; !has[key.Value] && last[key.Value] == v {
			merged = append(merged, key, v)
		}
	}
	for key := range last {
		has[key] = true
	}
	return merged
}
