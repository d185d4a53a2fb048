package syncstack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"falkirk/internal/aws/policy"
)

// block is a mapping whose keys keep their order when it is written.
type block = yaml.MapSlice

type comments = yaml.CommentMap

// m is a mapping of keys and values by turns.
func m(pairs ...any) block {
	var out block
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func ref(id string) block { return m("Ref", id) }

func attribute(id, name string) block { return m("Fn::GetAtt", []any{id, name}) }

func tags(all map[string]string) []any {
	out := []any{}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, m("Key", k, "Value", all[k]))
	}
	return out
}

func texts(all []string) any {
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// document is a policy, with keys in the order in which people write them.
func document(all ...policy.Statement) block {
	statements := []any{}
	for _, s := range all {
		statements = append(statements, ordered(s))
	}
	return m("Version", policy.Version, "Statement", statements)
}

func ordered(s policy.Statement) block {
	raw, err := json.Marshal(s)
	var v map[string]any
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return nil // plain data
	}
	var out block
	for _, key := range []string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"} {
		if v[key] != nil {
			out = append(out, yaml.MapItem{Key: key, Value: generic(v[key])})
		}
	}
	return out
}

// generic is any value with sorted keys.
func generic(v any) any {
	switch v := v.(type) {
	case pattern:
		return generic(map[string]any(v))
	case map[string]any:
		var out block
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, yaml.MapItem{Key: k, Value: generic(v[k])})
		}
		return out
	case []any:
		out := []any{}
		for _, one := range v {
			out = append(out, generic(one))
		}
		return out
	}
	return v
}

// writer writes a template.
type writer struct{ comments comments }

// note puts a comment before what is at a path.
func (w *writer) note(path, text string) {
	if text != "" {
		w.comments[path] = []*yaml.Comment{yaml.HeadComment(" " + text)}
	}
}

func (w *writer) write(what string, resources, outputs block) ([]byte, error) {
	all := m("AWSTemplateFormatVersion", "2010-09-09", "Description", what, "Resources", resources)
	if outputs != nil {
		all = append(all, m("Outputs", outputs)...)
	}
	raw, err := yaml.MarshalWithOptions(all, yaml.WithComment(w.comments), yaml.IndentSequence(true), yaml.UseSingleQuote(false))
	if err != nil {
		return nil, fmt.Errorf("write the template: %w", err)
	}
	head := "# " + what + ".\n# Written by Falkirk: run that command again instead of editing this.\n"
	return append([]byte(head), raw...), nil
}
