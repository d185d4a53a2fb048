package accountstack

import (
	"encoding/json"
	"maps"
	"slices"

	"falkirk/internal/aws/policy"
)

// document is a policy with a comment on each of our statements; foreign ones
// stay as they are.
func document(ours []policy.Statement, foreign []json.RawMessage) block {
	var all []any
	for _, s := range ours {
		all = append(all, item{statement(s), s.Why})
	}
	for _, raw := range foreign {
		var v any
		if json.Unmarshal(raw, &v) == nil {
			all = append(all, item{generic(v), "Was there already, and is not ours."})
		}
	}
	return block{{"Version", policy.Version, ""}, {"Statement", all, ""}}
}

func statement(s policy.Statement) block {
	effect := "Allow"
	if s.Deny {
		effect = "Deny"
	}
	out := block{{"Sid", s.Sid, ""}, {"Effect", effect, ""}}
	if len(s.Principals) > 0 {
		out = append(out, entry{"Principal", mapping(s.Principals), ""})
	}
	out = append(out, entry{"Action", texts(sorted(s.Actions)), ""})
	if len(s.Resources) > 0 {
		out = append(out, entry{"Resource", texts(sorted(s.Resources)), ""})
	}
	if len(s.Conditions) > 0 {
		var c block
		for _, operator := range slices.Sorted(maps.Keys(s.Conditions)) {
			c = append(c, entry{operator, mapping(s.Conditions[operator]), ""})
		}
		out = append(out, entry{"Condition", c, ""})
	}
	return out
}

func mapping(m map[string][]string) block {
	var out block
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, entry{k, texts(sorted(m[k])), ""})
	}
	return out
}

func sorted(all []string) []string {
	out := slices.Clone(all)
	slices.Sort(out)
	return slices.Compact(out)
}

// generic is any JSON value as the writer takes it.
func generic(v any) any {
	switch v := v.(type) {
	case map[string]any:
		var out block
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, entry{k, generic(v[k]), ""})
		}
		return out
	case []any:
		out := []any{}
		for _, one := range v {
			out = append(out, generic(one))
		}
		return out
	case nil:
		return ""
	}
	return v
}
