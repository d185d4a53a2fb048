package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"
)

// envPattern is a text into which the environment is put. It may stand where a
// number or a truth value is wanted, and is converted; the schema says so.
const envPattern = `\$\{(env:[A-Za-z_][A-Za-z0-9_]*|place\.[a-zA-Z]+)\}`

// Schema is the JSON Schema (draft 2020-12) of an app file with these kinds.
func Schema(kinds Kinds) ([]byte, error) {
	top := reflected(document{})
	top.Version = jsonschema.Version
	top.Title = "falkirk.yml"
	top.Description = "An app, its components, and the environments that its releases go through."
	top.Definitions = jsonschema.Definitions{}
	define(top.Definitions, "component", kinds.Components, false)
	define(top.Definitions, "target", kinds.Targets, true)
	define(top.Definitions, "gate", kinds.Gates, false)
	define(top.Definitions, "notice", kinds.Notices, false)

	replace(top, "accounts", byName(allow(reflected(account{}), false)))
	replace(top, "groups", byName(&jsonschema.Schema{Type: "array", MinItems: count(1), Items: &jsonschema.Schema{Type: "string", Pattern: personPattern}}))
	replace(top, "ledger", allow(reflected(ledgerBlock{}), false))
	components := byName(componentSchema(kinds))
	components.MinProperties = count(1)
	replace(top, "components", components)
	replace(top, "environments", &jsonschema.Schema{Type: "array", MinItems: count(1), Items: environmentSchema(kinds)})
	noticed := reflected(notice{})
	pick(noticed, "notice", kinds.Notices)
	replace(top, "notices", &jsonschema.Schema{Type: "array", Items: allow(noticed, false)})
	if kinds.Sync.New != nil {
		replace(top, "sync", &jsonschema.Schema{Type: "array", Items: allow(block(kinds.Sync), false)})
	}
	allow(top, false)
	raw, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return raw, nil
}

// reflected is the schema of a settings type, as its tags say.
func reflected(v any) *jsonschema.Schema {
	r := jsonschema.Reflector{
		Anonymous: true, DoNotReference: true, ExpandedStruct: true, RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch {
			case t == reflect.TypeFor[node]():
				return &jsonschema.Schema{Type: "object"}
			case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
				return &jsonschema.Schema{Type: "string"}
			}
			return nil
		},
	}
	s := r.Reflect(v)
	s.Version = ""
	return s
}

// block is the schema of one kind's settings, with the defaults that its New sets.
func block(k Kind) *jsonschema.Schema {
	value := k.New()
	s := reflected(value)
	s.Description = k.Doc
	raw, err := json.Marshal(value)
	defaults := map[string]any{}
	if err != nil || json.Unmarshal(raw, &defaults) != nil || s.Properties == nil {
		return s
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		if d := defaults[p.Key]; p.Value.Default == nil && d != nil && d != "" && d != false && d != 0.0 {
			p.Value.Default = d
		}
	}
	return s
}

func define(into jsonschema.Definitions, group string, kinds []Kind, partial bool) {
	for _, k := range kinds {
		s := block(k)
		if partial {
			s.Description += " Given at several levels, the nearer wins; what is required must be given at one of them."
		}
		into[group+"-"+k.Name] = allow(s, partial)
	}
}

func componentSchema(kinds Kinds) *jsonschema.Schema {
	s := object()
	pick(s, "component", kinds.Components)
	s.Properties.Set("target", nullable(targetSchema(kinds, true)))
	return s
}

// pick adds one property for each kind, of which exactly one must be there.
func pick(s *jsonschema.Schema, group string, kinds []Kind) {
	for _, k := range kinds {
		s.Properties.Set(k.Name, &jsonschema.Schema{Ref: "#/$defs/" + group + "-" + k.Name})
		s.OneOf = append(s.OneOf, &jsonschema.Schema{Required: []string{k.Name}})
	}
}

// targetSchema is settings by kind of target; single where they are one
// component's, which has one kind.
func targetSchema(kinds Kinds, single bool) *jsonschema.Schema {
	s := object()
	s.Description = "settings by kind of target"
	for _, k := range kinds.Targets {
		s.Properties.Set(k.Name, &jsonschema.Schema{Ref: "#/$defs/target-" + k.Name})
	}
	if single {
		s.Description, s.MaxProperties = "how the component lands: one kind of target with its settings", count(1)
	}
	return s
}

func overrides(kinds Kinds) *jsonschema.Schema {
	s := reflected(override{})
	replace(s, "target", targetSchema(kinds, true))
	return byName(nullable(allow(s, false)))
}

func environmentSchema(kinds Kinds) *jsonschema.Schema {
	place := reflected(region{})
	replace(place, "target", targetSchema(kinds, false))
	replace(place, "components", overrides(kinds))
	regions := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "string", Pattern: regionPattern}, {Type: "string", Pattern: envPattern}, allow(place, false),
	}}

	asked := reflected(gate{})
	pick(asked, "gate", kinds.Gates)
	hooked := reflected(hook{})
	pick(hooked, "gate", kinds.Hooks)

	window := reflected(freezeWindow{})
	for _, key := range []string{"deny", "allow"} {
		given := &jsonschema.Schema{Required: []string{key}, Properties: jsonschema.NewProperties()}
		given.Properties.Set(key, &jsonschema.Schema{Type: "string", MinLength: count(1)})
		window.OneOf = append(window.OneOf, given)
	}
	windows := &jsonschema.Schema{Type: "array", MaxItems: count(100), Items: allow(window, false)}

	s := reflected(environment{})
	replace(s, "target", targetSchema(kinds, false))
	replace(s, "components", overrides(kinds))
	replace(s, "regions", &jsonschema.Schema{Type: "array", MinItems: count(1), Items: regions})
	replace(s, "gates", &jsonschema.Schema{Type: "array", Items: allow(asked, false)})
	replace(s, "freeze", windows)
	replace(s, "hooks", &jsonschema.Schema{Type: "array", Items: allow(hooked, false)})
	return allow(s, false)
}

func object() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
}

// byName is a mapping from names to values.
func byName(value *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", AdditionalProperties: jsonschema.FalseSchema,
		PatternProperties: map[string]*jsonschema.Schema{namePattern: value},
	}
}

// replace puts a schema in the place of a property and keeps its description.
func replace(s *jsonschema.Schema, name string, by *jsonschema.Schema) {
	if old, ok := s.Properties.Get(name); ok {
		by.Description = old.Description
	}
	s.Properties.Set(name, by)
}

func count(n uint64) *uint64 { return &n }
