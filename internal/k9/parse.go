package k9

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"falkirk/internal/yamltext"
)

// Parse reads the text of ecr-sync-values.yml.
func Parse(raw []byte) (Values, error) {
	if err := inUTF8(raw); err != nil {
		return Values{}, err
	}
	v, err := parse(yamltext.Plain(raw))
	if err != nil {
		if reasons := yamltext.NoBreak(yamltext.Plain(raw)); len(reasons) > 0 {
			err = reasons[0]
		}
		return v, err
	}
	if strings.HasPrefix(v.Image, k9Image+":") || v.Image == k9Image {
		v.Image = "" // the pod runs Falkirk
	}
	if v.OfK9 && v.Name == "" {
		v.Name = K9Name // its CronJob is replaced
	}
	for key, account := range map[string]string{v.key("account"): v.Account, "env.prd_account": v.Own} {
		if account != "" && !accountShape.MatchString(account) {
			return v, fmt.Errorf("%s %s is not the 12 digits of an AWS account", key, account)
		}
	}
	return v, nil
}

// inUTF8 refuses what a YAML parser would report as something else.
func inUTF8(raw []byte) error {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")), bytes.IndexByte(raw, 0) >= 0:
		return errors.New("it is written in UTF-16, or is not text; expected a text file in UTF-8")
	}
	if odd := yamltext.Odd(raw); odd != nil {
		return *odd
	}
	return nil
}

func parse(src string) (v Values, err error) {
	if r := yamltext.OneDocument(src); r != nil {
		return v, *r
	}
	defer func() {
		// The parser is not ours: whatever it trips over is a mistake in the file.
		if recover() != nil {
			err = errors.New("it is not YAML")
		}
	}()
	file, err := parser.ParseBytes([]byte(src), 0)
	if err != nil {
		return v, fmt.Errorf("it is not YAML: %w", err)
	}
	for _, doc := range file.Docs {
		pairs, err := mapping(doc.Body)
		if err != nil {
			return v, err
		}
		for _, p := range pairs {
			if err := v.set(p.Key.GetToken().Value, p.Value); err != nil {
				return v, fmt.Errorf("line %d: %w", p.Key.GetToken().Position.Line, err)
			}
		}
	}
	return v, nil
}

func mapping(body ast.Node) ([]*ast.MappingValueNode, error) {
	switch body := body.(type) {
	case nil, *ast.NullNode:
		return nil, nil
	case *ast.MappingNode:
		return body.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{body}, nil
	}
	return nil, errors.New("it is no mapping of keys to values")
}

// flat are the keys at the top; those of the shape of k9 are among them.
func (v *Values) flat() map[string]*string {
	return map[string]*string{
		"appName": &v.AppName, "region": &v.Region, "account": &v.Account, "clusterName": &v.ClusterName, "namespace": &v.Namespace,
		"image": &v.Image, "schedule": &v.Schedule, "name": &v.Name, "identity": &v.Identity, "role": &v.Role,
	}
}

func (v *Values) inEnv() map[string]*string {
	return map[string]*string{
		"repo_name": &v.AppName, "np_region": &v.SourceRegion, "prd_region": &v.Region, "np_account": &v.Account, "prd_account": &v.Own,
	}
}

func (v *Values) set(key string, node ast.Node) error {
	switch key {
	case "nodeRoles":
		return v.setRoles(node)
	case "env":
		return v.setEnv(node)
	}
	into, ok := v.flat()[key]
	if !ok {
		return unknown(key, v.flat(), " and env (the shape of k9), nodeRoles")
	}
	return setText(key, into, node)
}

func (v *Values) setEnv(node ast.Node) error {
	pairs, err := mapping(node)
	if err != nil {
		return fmt.Errorf("env: %w", err)
	}
	v.OfK9 = true
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		into, ok := v.inEnv()[name]
		if !ok {
			return fmt.Errorf("env: %w", unknown(name, v.inEnv(), ""))
		}
		if *into != "" && name == "repo_name" || *into != "" && name == "prd_region" || *into != "" && name == "np_account" {
			return fmt.Errorf("env.%s is said at the top of the file too", name)
		}
		if err := setText("env."+name, into, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (v *Values) setRoles(node ast.Node) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return errors.New("nodeRoles: a list of ARNs is expected")
	}
	for _, one := range list.Values {
		var role string
		if err := setText("nodeRoles", &role, one); err != nil {
			return err
		}
		v.NodeRoles = append(v.NodeRoles, role)
	}
	return nil
}

func unknown(key string, known map[string]*string, more string) error {
	var names []string
	for k := range known {
		names = append(names, k)
	}
	slices.Sort(names)
	return fmt.Errorf("unknown key %q; known are %s%s", key, strings.Join(names, ", "), more)
}

// setText takes a text. The digits of an account are taken as they are written,
// with their zeros.
func setText(key string, into *string, node ast.Node) error {
	switch node := node.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		*into = node.Value
	case *ast.LiteralNode:
		*into = strings.TrimSpace(node.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		written := node.GetToken().Value
		if !strings.HasSuffix(key, "account") {
			return fmt.Errorf("%s is %s, which YAML reads as a number; expected a text in quotes", key, written)
		}
		*into = written
	case *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return fmt.Errorf("%s is %s, which YAML does not read as text; expected a text in quotes", key, node.GetToken().Value)
	case *ast.TagNode:
		return fmt.Errorf("%s: tags such as %s are not used in this file; expected a plain value", key, node.GetToken().Value)
	case *ast.AnchorNode, *ast.AliasNode:
		return fmt.Errorf("%s: anchors and aliases are not used in this file; expected a plain value", key)
	default:
		return fmt.Errorf("%s: a word is expected", key)
	}
	return nil
}
