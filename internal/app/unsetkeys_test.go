package app

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"falkirk/internal/config"
)

// oneOfEach has every kind of block once, with as little as it needs.
const oneOfEach = `{
  "app": "shop",
  "store": "s3://builds/shop",
  "storeAccount": "home",
  "accounts": {"home": {"id": "111111111111", "region": "eu-west-1", "role": "arn:aws:iam::111111111111:role/deploy"}},
  "groups": {"board": ["anna", "ben"]},
  "ledger": {"signers": "list"},
  "components": {
    "web": {"site": {"path": "web", "headers": [{"match": "*.html", "cacheControl": "no-cache"}]}, "target": {"site": {"bucket": "pages-${place.environment}"}}},
    "docs": {"site": {"path": "docs", "headers": [{"match": "*.html", "cacheControl": "no-cache"}]}, "target": {"local": {"path": "/docs"}}},
    "api": {"image": {"binary": "api"}, "target": {"image": {"repository": "shop/api"}}},
    "notes": {"bundle": {"path": "notes"}, "target": {"local": {"path": "/notes"}}},
    "infra": {"stack": {"template": "infra.yaml"}, "target": {"stack": {"name": "infra-${place.environment}"}}}
  },
  "environments": [
    {
      "name": "prd", "account": "home", "regions": [{"name": "eu-west-1"}],
      "freeze": [{"deny": "daily"}],
      "gates": [
        {"when": "after promote", "command": {"run": ["true"]}},
        {"when": "after promote", "http": {"component": "docs", "path": "/"}},
        {"when": "before promote", "approval": {"from": ["@board"]}}
      ],
      "hooks": [
        {"when": "after promote", "command": {"run": ["true"]}},
        {"when": "after promote", "http": {"component": "docs", "path": "/"}}
      ]
    },
    {"name": "last", "account": "home", "after": ["prd"]}
  ],
  "notices": [
    {"environments": ["prd"], "webhook": {"url": "https://hooks.example/a"}},
    {"slack": {"url": "https://hooks.example/b"}},
    {"teams": {"url": "https://hooks.example/c"}}
  ],
  "sync": [{"source": "registry.example", "destination": "other.example", "repositories": ["api"]}]
}`

// TestAnUnsetVariableIsOneProblem puts a variable that is not set in the place of
// every key of the schema: the one problem of the file is that variable, for the
// whole file and for a command that needs only a part of it.
func TestAnUnsetVariableIsOneProblem(t *testing.T) {
	t.Parallel()
	raw, err := config.Schema(settings())
	if err != nil {
		t.Fatal(err)
	}
	s := schemaWalk{}
	for _, into := range []any{&s.root, &s.base} {
		text := raw
		if into == &s.base {
			text = []byte(oneOfEach)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	s.walk(s.root, nil, s.base)
	if len(s.paths) < 400 {
		t.Fatalf("the schema has %d keys", len(s.paths))
	}
	t.Logf("%d keys", len(s.paths))
	dir := t.TempDir()
	for i, path := range s.paths {
		t.Run(strings.Join(path, "."), func(t *testing.T) {
			t.Parallel()
			oneUnset(t, filepath.Join(dir, strconv.Itoa(i)+".yml"), with(t, s.base, path))
		})
	}
}

func oneUnset(t *testing.T, path string, doc any) {
	t.Helper()
	raw, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	unset := func(string) (string, bool) { return "", false }
	one := func(err error) {
		t.Helper()
		var all config.Problems
		if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(all[0].Text, "MISSING is not set") {
			t.Errorf("%v\n%s", err, raw)
		}
		if err != nil && !strings.Contains(err.Error(), "\n    ") || err != nil && strings.Contains(err.Error(), "***") {
			t.Errorf("the line of the file cannot be read: %v", err)
		}
	}
	_, err = config.Load(path, settings(), unset)
	one(err)
	f, err := config.Open(path, settings(), unset)
	if err != nil {
		one(err)
		return
	}
	for block, why := range unsetBlocks(f.App) {
		if strings.Contains(string(why), "\n") || !strings.Contains(string(why), "MISSING is not set") {
			t.Errorf("%s cannot be used: %s", block, why)
		}
	}
}

// schemaWalk finds the path of every key of a schema, below values of a file.
type schemaWalk struct {
	root  map[string]any
	base  any
	paths [][]string
}

func (s *schemaWalk) walk(schema map[string]any, path []string, at any) {
	if ref, ok := schema["$ref"].(string); ok {
		defs, _ := s.root["$defs"].(map[string]any)
		schema, _ = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	for _, form := range []string{"anyOf", "oneOf"} {
		forms, _ := schema[form].([]any)
		for _, f := range forms {
			if m, ok := f.(map[string]any); ok {
				s.walk(m, path, at)
			}
		}
	}
	props, _ := schema["properties"].(map[string]any)
	there, _ := at.(map[string]any)
	kinds := choices(schema)
	for key, below := range props {
		if _, chosen := there[key]; !chosen && (slices.Contains(kinds, key) || schema["maxProperties"] != nil && at != nil) {
			continue // another kind is there
		}
		m, _ := below.(map[string]any)
		s.note(append(slices.Clip(path), key))
		s.walk(m, append(slices.Clip(path), key), there[key])
	}
	if patterns, ok := schema["patternProperties"].(map[string]any); ok {
		for _, below := range patterns {
			s.each(below, path, at)
		}
	}
	if below, ok := schema["additionalProperties"].(map[string]any); ok {
		s.note(append(slices.Clip(path), "ANY"))
		s.walk(below, append(slices.Clip(path), "ANY"), nil)
	}
	if items, ok := schema["items"].(map[string]any); ok {
		if all, some := at.([]any); some {
			for i, v := range all {
				s.note(append(slices.Clip(path), strconv.Itoa(i)))
				if i > 0 && slices.Equal(path, []string{"environments"}) {
					continue // it is there for what refers to the first
				}
				s.walk(items, append(slices.Clip(path), strconv.Itoa(i)), v)
			}
		} else {
			s.note(append(slices.Clip(path), "0"))
			s.walk(items, append(slices.Clip(path), "0"), nil)
		}
	}
}

func (s *schemaWalk) each(below any, path []string, at any) {
	m, _ := below.(map[string]any)
	all, _ := at.(map[string]any)
	for name, v := range all {
		s.note(append(slices.Clip(path), name))
		s.walk(m, append(slices.Clip(path), name), v)
	}
}

// note keeps a path once. Keys that name a kind are blocks; a variable in their
// place is tried too.
func (s *schemaWalk) note(path []string) {
	if !slices.ContainsFunc(s.paths, func(p []string) bool { return slices.Equal(p, path) }) {
		s.paths = append(s.paths, path)
	}
}

// choices are the keys of which a block has exactly one.
func choices(schema map[string]any) []string {
	var all []string
	forms, _ := schema["oneOf"].([]any)
	for _, f := range forms {
		form, _ := f.(map[string]any)
		required, _ := form["required"].([]any)
		for _, r := range required {
			key, _ := r.(string)
			all = append(all, key)
		}
	}
	return all
}

// with is a copy of the file with the variable at a path; what is not there on the
// way is made.
func with(t *testing.T, base any, path []string) any {
	t.Helper()
	raw, err := json.Marshal(base)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	file, _ := put(doc, path).(map[string]any)
	if len(path) > 2 && path[0] == "environments" && path[2] == "accounts" {
		all, _ := file["environments"].([]any)
		env, _ := all[0].(map[string]any)
		delete(env, "account") // one of the two
	}
	return file
}

func put(at any, path []string) any {
	if len(path) == 0 {
		return "${env:MISSING}"
	}
	if i, err := strconv.Atoi(path[0]); err == nil {
		all, _ := at.([]any)
		for len(all) <= i {
			all = append(all, nil)
		}
		all[i] = put(all[i], path[1:])
		return all
	}
	m, _ := at.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	m[path[0]] = put(m[path[0]], path[1:])
	return m
}
