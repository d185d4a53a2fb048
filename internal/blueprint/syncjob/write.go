package syncjob

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML is the manifest as people read it.
func (o Object) YAML() ([]byte, error) {
	raw, err := yaml.MarshalWithOptions(o.body, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("write the manifest of %s: %w", o.Kind, err)
	}
	return raw, nil
}

// Map is the manifest as a cluster takes it.
func (o Object) Map() (map[string]any, error) {
	raw, err := o.YAML()
	if err != nil {
		return nil, err
	}
	if raw, err = yaml.YAMLToJSON(raw); err != nil {
		return nil, fmt.Errorf("write the manifest of %s: %w", o.Kind, err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("write the manifest of %s: %w", o.Kind, err)
	}
	return out, nil
}

// Stream is all manifests as one file for kubectl apply -f.
func Stream(all []Object) ([]byte, error) {
	var out bytes.Buffer
	for i, o := range all {
		raw, err := o.YAML()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(raw)
	}
	return out.Bytes(), nil
}

// File is one file of a folder.
type File struct {
	Name string
	Text []byte
}

// Kustomize is all manifests as a base for kustomize: a file for each, and one
// that lists them.
func Kustomize(all []Object) ([]File, error) {
	var out []File
	list := block{{Key: "apiVersion", Value: "kustomize.config.k8s.io/v1beta1"}, {Key: "kind", Value: "Kustomization"}}
	var names []string
	for _, o := range all {
		raw, err := o.YAML()
		if err != nil {
			return nil, err
		}
		name := strings.ToLower(o.Kind) + ".yaml"
		names = append(names, name)
		out = append(out, File{name, raw})
	}
	raw, err := yaml.MarshalWithOptions(append(list, yaml.MapItem{Key: "resources", Value: names}), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write kustomization.yaml: %w", err)
	}
	return append(out, File{"kustomization.yaml", append([]byte("# Made by falkirk create ecr-sync.\n"), raw...)}), nil
}
