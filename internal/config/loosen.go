package config

import (
	"slices"

	"github.com/invopop/jsonschema"
)

// allow adds what Load takes beside the plain value: ${env:NAME} in scalars, and
// null for a key that is as if absent. In a block that is merged from several
// levels nothing is required, except inside lists, which are never merged.
func allow(s *jsonschema.Schema, partial bool) *jsonschema.Schema {
	if partial {
		s.Required = nil
	}
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			if p.Value.Ref != "" || loosened(p.Value) {
				continue
			}
			v := fromEnv(allow(p.Value, partial))
			if !slices.Contains(s.Required, p.Key) {
				v = nullable(v)
			}
			p.Value = v
			s.Properties.Set(p.Key, v)
		}
	}
	if s.Items != nil && s.Items.Ref == "" && !loosened(s.Items) {
		s.Items = fromEnv(allow(s.Items, false))
	}
	if a := s.AdditionalProperties; a != nil && a != jsonschema.FalseSchema && a != jsonschema.TrueSchema {
		s.AdditionalProperties = fromEnv(allow(a, partial))
		if partial {
			s.AdditionalProperties = nullable(s.AdditionalProperties)
		}
	}
	if s.Properties != nil && partial && s.Type == "object" {
		return nullable(s)
	}
	return s
}

// loosened reports whether a schema has been through allow.
func loosened(s *jsonschema.Schema) bool { return len(s.AnyOf) > 0 || s.Extras["type"] != nil }

// fromEnv lets ${env:NAME} stand for a scalar that is more than any text.
func fromEnv(s *jsonschema.Schema) *jsonschema.Schema {
	scalar := s.Type == "integer" || s.Type == "number" || s.Type == "boolean"
	bounded := s.Type == "string" && (s.Pattern != "" || len(s.Enum) > 0 || s.MaxLength != nil || s.MinLength != nil)
	if !scalar && !bounded {
		return s
	}
	outer := &jsonschema.Schema{Description: s.Description, Default: s.Default, Examples: s.Examples}
	s.Description, s.Default, s.Examples = "", nil, nil
	outer.AnyOf = []*jsonschema.Schema{s, {Type: "string", Pattern: envPattern}}
	return outer
}

// nullable lets null stand for "not given".
func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	switch {
	case len(s.AnyOf) > 0:
		s.AnyOf = append(s.AnyOf, &jsonschema.Schema{Type: "null"})
	case s.Type != "":
		s.Extras = map[string]any{"type": []string{s.Type, "null"}}
		s.Type = ""
	}
	return s
}
