package document

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
)

func hideAll(text string) string {
	return strings.NewReplacer("version", "***", "1234567", "***", "sec\"ret", "***").Replace(text)
}

// In JSON only texts lose secrets: names, keys, numbers and what somebody applies
// stay, and the document is valid whatever the secrets are.
func TestJSONKeepsNames(t *testing.T) {
	t.Parallel()
	type step struct {
		Summary string   `json:"summary"`
		Lines   []string `json:"lines,omitempty"`
	}
	var b strings.Builder
	err := Encode(&b, map[string]any{
		"result": map[string]any{
			"release":   delivery.Release{App: "version", Version: "1234567", PackedBy: "sec\"ret"},
			"message":   "the version 1234567 of sec\"ret",
			"bytes":     12345678,
			"places":    []any{map[string]any{"steps": []step{{"a version", []string{"a version"}}}}},
			"templates": []any{map[string]any{"stack": "a version", "region": "", "text": "a version"}},
			"changes":   []any{map[string]any{"lines": []string{"a version"}}},
		},
	}, "  ", hideAll)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Result map[string]any }
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	release, _ := got.Result["release"].(map[string]any)
	have := map[string]any{
		"names": []any{release["app"], release["version"], release["packedBy"]}, "message": got.Result["message"], "bytes": got.Result["bytes"],
		"script": got.Result["places"], "template": got.Result["templates"], "forecast": got.Result["changes"],
	}
	want := map[string]any{
		"names": []any{"version", "1234567", "sec\"ret"}, "message": "the *** *** of ***", "bytes": 12345678.0,
		"script":   []any{map[string]any{"steps": []any{map[string]any{"summary": "a ***", "lines": []any{"a version"}}}}},
		"template": []any{map[string]any{"stack": "a ***", "region": "", "text": "a version"}},
		"forecast": []any{map[string]any{"lines": []any{"a ***"}}},
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
}

// What is written without secrets is otherwise what encoding/json writes.
func TestJSONIsTheSameWithNothingToHide(t *testing.T) {
	t.Parallel()
	v := Document{Schema: 1, Command: "a <b> & \u2028", Result: []any{nil, true, 1.5, map[string]any{}, []string{}, delivery.Release{}, "é\x00"}}
	for _, indent := range []string{"", "  "} {
		var plain, hidden strings.Builder
		if err := Encode(&plain, v, indent, nil); err != nil {
			t.Fatal(err)
		}
		if err := Encode(&hidden, v, indent, func(s string) string { return s }); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(plain.String(), hidden.String()); d != "" {
			t.Error(d)
		}
	}
}
