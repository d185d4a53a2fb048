package policies

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// parse reads YAML or JSON. The short forms of CloudFormation's functions, such
// as !Sub, become the long ones.
func parse(text []byte) (map[string]any, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	for _, doc := range file.Docs {
		if v, ok := value(doc.Body).(map[string]any); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("it has no mapping")
}

// value is a node in plain types.
func value(n ast.Node) any {
	switch n := n.(type) {
	case *ast.TagNode:
		return function(strings.TrimPrefix(n.Start.Value, "!"), value(n.Value))
	case *ast.MappingNode:
		m := map[string]any{}
		for _, one := range n.Values {
			m[keyOf(one)] = value(one.Value)
		}
		return m
	case *ast.MappingValueNode:
		return map[string]any{keyOf(n): value(n.Value)}
	case *ast.SequenceNode:
		all := []any{}
		for _, one := range n.Values {
			all = append(all, value(one))
		}
		return all
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.NullNode, nil:
		return nil
	case ast.ScalarNode:
		return n.GetValue()
	}
	return nil
}

func keyOf(n *ast.MappingValueNode) string {
	if s, ok := n.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return n.Key.String()
}

// function is the long form of a short one.
func function(name string, argument any) any {
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: argument}
	case "GetAtt":
		if s, ok := argument.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			argument = []any{id, attribute}
		}
	}
	return map[string]any{"Fn::" + name: argument}
}
