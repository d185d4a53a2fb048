package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
)

type pair struct {
	Key   string `json:"Key,omitempty"`
	Value string `json:"Value,omitempty"`

	ParameterKey   string  `json:"ParameterKey,omitempty"`
	ParameterValue *string `json:"ParameterValue,omitempty"`
}

// document is the input of create-change-set.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/create-change-set.html
func document(stack, set string, r cfn.Request, isNew bool) map[string]any {
	doc := map[string]any{"StackName": stack, "ChangeSetName": set, "ChangeSetType": "UPDATE", "Description": r.Description}
	if isNew {
		doc["ChangeSetType"] = "CREATE"
	}
	if r.TemplateURL != "" {
		doc["TemplateURL"] = r.TemplateURL
	} else {
		doc["TemplateBody"] = r.Template
	}
	var parameters, tags []pair
	for _, p := range r.Parameters {
		parameters = append(parameters, pair{ParameterKey: p.Key, ParameterValue: &p.Value})
	}
	for _, key := range sorted(r.Tags) {
		tags = append(tags, pair{Key: key, Value: r.Tags[key]})
	}
	doc["Parameters"], doc["Tags"] = append([]pair{}, parameters...), tags
	if len(r.Capabilities) > 0 {
		doc["Capabilities"] = r.Capabilities
	}
	if r.Role != "" {
		doc["RoleARN"] = r.Role
	}
	return doc
}

// input is a command that writes a document for create-change-set. A parameter that
// the app file takes from variables is put in by the script; values holds them by key.
func input(stack, set string, r cfn.Request, isNew bool, values map[string]delivery.Written) (string, error) {
	var words []string
	for i, p := range r.Parameters {
		if w := values[p.Key]; w != nil {
			r.Parameters[i].Value = placeholder(len(words)) // the parameters are this request's own
			words = append(words, word(w))
		}
	}
	raw, err := json.MarshalIndent(document(stack, set, r, isNew), "", "  ")
	if err != nil {
		return "", err
	}
	text := ascii(raw)
	var b strings.Builder
	b.WriteString("{ cat <<'END'\n")
	for i, w := range words {
		before, after, _ := strings.Cut(text, quoted(placeholder(i)))
		fmt.Fprintf(&b, "%s\nEND\n  json %s\n  cat <<'END'\n", before, w)
		text = after
	}
	b.WriteString(text + "\nEND\n  }")
	return b.String(), nil
}

// placeholder is a text that no value has: the app file and variables have no zero byte.
func placeholder(i int) string { return fmt.Sprintf("\x00%d\x00", i) }

// word is a text as one word of a shell: what is written, and variables of the script.
func word(w delivery.Written) string {
	var b strings.Builder
	for _, p := range w {
		if p.Variable != "" {
			b.WriteString(`"$` + delivery.ScriptVariable(p.Variable) + `"`)
		} else {
			b.WriteString("'" + strings.ReplaceAll(p.Text, "'", `'\''`) + "'")
		}
	}
	return b.String()
}

// ascii is JSON with every character that is not ASCII escaped, so that neither the
// locale nor a terminal changes it.
func ascii(raw []byte) string {
	var b bytes.Buffer
	for _, r := range string(raw) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
