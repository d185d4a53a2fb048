package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Field is one value that changes; what is not there is "".
type Field struct {
	Path string `json:"path"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// compare finds what differs between two states of an object, but for what the
// cluster itself keeps about it.
func compare(before, after Object) []Field {
	var out []Field
	differ("", strip(before), strip(after), &out)
	return out
}

func strip(o Object) Object {
	out := maps.Clone(o)
	delete(out, "status")
	meta, _ := out["metadata"].(map[string]any)
	meta = maps.Clone(meta)
	for _, k := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		delete(meta, k)
	}
	out["metadata"] = meta
	return out
}

func differ(path string, a, b any, out *[]Field) {
	if reflect.DeepEqual(a, b) {
		return
	}
	left, isMap := a.(map[string]any)
	right, both := b.(map[string]any)
	if isMap && both {
		for _, k := range keys(left, right) {
			differ(join(path, k), left[k], right[k], out)
		}
		return
	}
	from, isList := a.([]any)
	to, both := b.([]any)
	if isList && both && len(from) == len(to) {
		for i := range from {
			differ(fmt.Sprintf("%s[%d]", path, i), from[i], to[i], out)
		}
		return
	}
	*out = append(*out, Field{path, shown(a), shown(b)})
}

func keys(a, b map[string]any) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// join writes a key as kubectl does: one that has dots in brackets.
func join(path, key string) string {
	if strings.ContainsAny(key, "./") {
		return path + "[" + key + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
