// Package k9 reads and writes the files that k9 keeps in the folder of an app,
// so that who comes from there goes on with what he has.
package k9

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// The names of the files.
const (
	AppConfig    = "app-config.yml"
	PrdAppConfig = "prd-app-config.yml"
	SyncValues   = "ecr-sync-values.yml"
)

// Tag is what k9 copies.
const Tag = "test"

// Values is ecr-sync-values.yml: the first five are k9's, the others may be left
// out.
type Values struct {
	AppName     string // of the app, and of its repository
	Region      string // of the registries and of the cluster
	Account     string // 12 digits: where the images come from
	ClusterName string // the EKS cluster that copies, in the account that they go to
	Namespace   string

	Image     string   // of the program that copies
	Schedule  string   // as cron has it
	Name      string   // of the objects in the cluster
	Identity  string   // node, irsa or pod-identity
	Role      string   // ARN
	NodeRoles []string // ARNs
}

// Blank is something that is to be filled in.
type Blank struct {
	Key  string `json:"key"`
	What string `json:"what"`
}

// accountShape is what an AWS account is called.
var accountShape = regexp.MustCompile(`^[0-9]{12}$`)

// Blanks are what copying needs and the file does not say.
func (v Values) Blanks() []Blank {
	var out []Blank
	for _, one := range []struct{ key, value, what string }{
		{"appName", v.AppName, "the app, and the name of its repository"},
		{"region", v.Region, "the AWS region of the cluster and of the registries"},
		{"account", v.Account, "the 12 digits of the AWS account that the images come from (non-production)"},
		{"clusterName", v.ClusterName, "the production EKS cluster that copies"},
		{"namespace", v.Namespace, "the namespace in that cluster"},
	} {
		if one.value == "" {
			out = append(out, Blank{one.key, one.what})
		}
	}
	return out
}

// mostText bounds the files of k9.
const mostText = 4 << 20

// Read reads ecr-sync-values.yml. Keys that nobody knows are refused.
func Read(path string) (Values, error) {
	raw, err := regular.Read(path, path, mostText)
	if errors.Is(err, fs.ErrNotExist) {
		return Values{}, fault.Hint(fault.New(fault.NotFound, "no file %s", path), "falkirk create prd-configs writes it")
	}
	if err != nil {
		return Values{}, fault.New(fault.Invalid, "read %s: %w", path, err)
	}
	v, err := Parse(raw)
	if err != nil {
		return v, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	return v, nil
}

// IsValues reports whether a file is ecr-sync-values.yml, whatever its name is.
func IsValues(path string) bool {
	raw, err := regular.Read(path, path, mostText)
	return filepath.Base(path) == SyncValues || err == nil && regexp.MustCompile(`(?m)^appName:`).Match(raw)
}

// Parse reads the text of ecr-sync-values.yml.
func Parse(raw []byte) (Values, error) {
	var v Values
	file, err := parser.ParseBytes(raw, 0)
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
	if v.Account != "" && !accountShape.MatchString(v.Account) {
		return v, fmt.Errorf("account %s is not the 12 digits of an AWS account", v.Account)
	}
	return v, nil
}

func mapping(body ast.Node) ([]*ast.MappingValueNode, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case *ast.MappingNode:
		return body.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{body}, nil
	}
	return nil, errors.New("it is no mapping of keys to values")
}

func (v *Values) set(key string, node ast.Node) error {
	if key == "nodeRoles" {
		if err := yaml.NodeToValue(node, &v.NodeRoles); err != nil {
			return fmt.Errorf("%s: a list of ARNs is expected", key)
		}
		return nil
	}
	fields := map[string]*string{
		"appName": &v.AppName, "region": &v.Region, "account": &v.Account, "clusterName": &v.ClusterName, "namespace": &v.Namespace,
		"image": &v.Image, "schedule": &v.Schedule, "name": &v.Name, "identity": &v.Identity, "role": &v.Role,
	}
	into, ok := fields[key]
	if !ok {
		var known []string
		for k := range fields {
			known = append(known, k)
		}
		slices.Sort(known)
		return fmt.Errorf("unknown key %q; known are %s and nodeRoles", key, strings.Join(known, ", "))
	}
	switch node := node.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		*into = node.Value
	case *ast.LiteralNode:
		*into = strings.TrimSpace(node.Value.Value)
	case ast.ScalarNode:
		*into = node.GetToken().Value // an account number as it is written, with its zeros
	default:
		return fmt.Errorf("%s: a word is expected", key)
	}
	return nil
}
